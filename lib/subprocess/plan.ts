import { checkString, type ExecutionRequest } from '../engine/request.js';
import { InvalidArgumentError } from '../errors.js';

/** Checked options, ready to start. What the engine takes as it is, the engine checks. */
export interface SpawnPlan {
  /** As they were given. */
  readonly file: string;
  readonly args: readonly string[] | undefined;
  readonly request: ExecutionRequest;
  /** Chosen by the caller. */
  id: string | undefined;
  signal: AbortSignal | undefined;
  /** Undefined: as the executor has it. */
  retainBytes: number | undefined;
  retainMs: number | undefined;
  shell: boolean | string;
  /** What is written to stdin before it is closed; undefined: the caller writes. */
  input: Uint8Array | undefined;
}

export function newPlan(file: string, args: readonly string[] | undefined): SpawnPlan {
  const request: ExecutionRequest = { file, credit: 'manual' };
  if (args !== undefined) request.args = args;
  return {
    file,
    // For `list()`, long after the call. What is no array is refused when it is handed to the engine.
    args: Array.isArray(args) ? [...args] : args,
    request,
    id: undefined,
    signal: undefined,
    retainBytes: undefined,
    retainMs: undefined,
    shell: false,
    input: undefined,
  };
}

/** To be called when all options have been read. */
export function completePlan(plan: SpawnPlan): void {
  const { request, shell } = plan;
  if (shell !== false) {
    const command = checkString('file', request.file);
    if (command === '') throw new InvalidArgumentError('file', 'a command line, not an empty string', command);
    const parameters = request.args ?? [];
    if (!Array.isArray(parameters)) throw new InvalidArgumentError('args', 'an array of strings', parameters);
    for (const [index, parameter] of parameters.entries()) checkString(`args[${index}]`, parameter);
    request.file = shell === true ? '/bin/sh' : shell;
    request.args = ['-c', command, request.file, ...parameters];
  }
  if (plan.input !== undefined) {
    const { stdin } = request;
    if (stdin !== undefined && stdin !== 'pipe') {
      throw new InvalidArgumentError('stdin', "'pipe' beside 'input'", stdin);
    }
    request.stdin = 'pipe';
  }
  if (plan.signal?.aborted) request.cancelled = true;
}

/** `(file, args?, options?)` and `(file, options?)`: which of the two it is, and that options are an object. */
export function splitArguments<Options extends object>(
  second: readonly string[] | Options | undefined,
  third: Options | undefined,
): { args: readonly string[] | undefined; options: Options | undefined } {
  const secondIsOptions = typeof second === 'object' && second !== null && !Array.isArray(second);
  if (secondIsOptions && third !== undefined) throw new InvalidArgumentError('args', 'an array of strings', second);
  const args = secondIsOptions ? undefined : (second as readonly string[] | undefined);
  const options = secondIsOptions ? (second as Options) : third;
  if (options !== undefined && (typeof options !== 'object' || options === null || Array.isArray(options))) {
    throw new InvalidArgumentError('options', 'an object', options);
  }
  return { args, options };
}
