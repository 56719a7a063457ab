import { inspect } from 'node:util';
import type { ExitInfo, RunResult, SpawnStage } from './shared/facts.js';

/** What an error knows besides its message; a field that doesn't apply is absent. */
export interface ErrorFields {
  /** The program, as it was given. */
  file?: string | undefined;
  /** The working directory, as it was given. */
  cwd?: string | undefined;
  /** The system call that failed. */
  syscall?: string | undefined;
  /** As Node gives it: the negative of errno(3). */
  errno?: number | undefined;
  /** The execution's id. */
  id?: string | undefined;
  cause?: unknown;
}

/** The base of all errors of this package. Programs tell them apart by `code`, which never changes. */
export class LastbyteError extends Error {
  readonly code: string;
  declare readonly file?: string;
  declare readonly cwd?: string;
  declare readonly syscall?: string;
  declare readonly errno?: number;
  declare readonly id?: string;

  constructor(message: string, code: string, fields: ErrorFields = {}) {
    super(message, 'cause' in fields ? { cause: fields.cause } : undefined);
    this.code = code;
    for (const name of ['file', 'cwd', 'syscall', 'errno', 'id'] as const) {
      if (fields[name] !== undefined) Object.assign(this, { [name]: fields[name] });
    }
  }
}

/** A call that can never work. Thrown at the call, before anything has been started. */
export class InvalidArgumentError extends LastbyteError {
  /** Which argument or option; nested ones as `drain.idleMs` or `args[2]`. */
  readonly argument: string;
  readonly expected: string;

  constructor(argument: string, expected: string, actual: unknown) {
    super(`'${argument}' must be ${expected}; got ${describe(actual)}`, 'ERR_LASTBYTE_INVALID_ARGUMENT');
    this.argument = argument;
    this.expected = expected;
  }
}

function describe(value: unknown): string {
  const text = inspect(value, {
    depth: 0,
    breakLength: Number.POSITIVE_INFINITY,
    maxArrayLength: 3,
    maxStringLength: 60,
  });
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** The child could not be started. `code` is the system's: ENOENT, EACCES, E2BIG, EAGAIN …; ECANCELED if it was us. */
export class SpawnError extends LastbyteError {
  /** The step that failed; `cancelled`: it was killed or aborted before it was started. */
  readonly stage: SpawnStage;

  constructor(message: string, fields: ErrorFields & { code: string; stage: SpawnStage }) {
    super(message, fields.code, fields);
    this.stage = fields.stage;
  }
}

/** The engine has been closed, or the host is shutting down. */
export class ClosedError extends LastbyteError {
  constructor(message: string, fields?: ErrorFields) {
    super(message, 'ERR_LASTBYTE_CLOSED', fields);
  }
}

/** The child has ended, but how is not known: somebody else collected its status, or SIGCHLD is ignored here. */
export class StatusLostError extends LastbyteError {
  /** All that is known; `code` and `signal` are null. */
  readonly info: ExitInfo;

  constructor(info: ExitInfo, fields?: ErrorFields) {
    const why = 'it was collected by other code, or SIGCHLD is ignored in this process';
    super(`The status of process ${info.pid} is lost: ${why}`, 'ERR_LASTBYTE_STATUS_LOST', fields);
    this.info = info;
  }
}

/** There is no addon for this platform; the message has the command that builds one. */
export class NoBinaryError extends LastbyteError {
  constructor(message: string, fields?: ErrorFields) {
    super(message, 'ERR_LASTBYTE_NO_BINARY', fields);
  }
}

/** A stream that somebody reads already, or has read. */
export class AttachedError extends LastbyteError {
  constructor(message: string, fields?: ErrorFields) {
    super(message, 'ERR_LASTBYTE_ATTACHED', fields);
  }
}

/** What an execution wrote is no longer kept, or not from where it was asked for. */
export class EvictedError extends LastbyteError {
  /** How it ended; absent where it has not, or was never started (then `cause` says why). */
  declare readonly info?: ExitInfo;

  constructor(message: string, fields?: ErrorFields & { info?: ExitInfo | undefined }) {
    super(message, 'ERR_LASTBYTE_EVICTED', fields);
    if (fields?.info !== undefined) this.info = fields.info;
  }
}

/** The executor knows no execution of this id: there never was one, or it has been forgotten. */
export class UnknownExecutionError extends LastbyteError {
  constructor(id: string) {
    super(`There is no execution '${id}', or it has been forgotten`, 'ERR_LASTBYTE_UNKNOWN_EXECUTION', { id });
  }
}

/** An `id` that the executor still knows another execution by. */
export class IdInUseError extends LastbyteError {
  constructor(id: string) {
    super(`There is an execution '${id}' already`, 'ERR_LASTBYTE_ID_IN_USE', { id });
  }
}

/** `detach()` was called on this handle. The execution itself goes on. */
export class DetachedError extends LastbyteError {
  constructor(id: string) {
    super(`This handle has been detached from execution ${id}`, 'ERR_LASTBYTE_DETACHED', { id });
  }
}

/** Something that this execution, platform or peer can't do. */
export class UnsupportedError extends LastbyteError {
  constructor(message: string, fields?: ErrorFields) {
    super(message, 'ERR_LASTBYTE_UNSUPPORTED', fields);
  }
}

/** An AbortSignal ended what was asked for; `cause` is the signal's reason. */
export class AbortError extends LastbyteError {
  /** What `run()` had when the child had ended; absent where it was never started, and from `wait()`. */
  declare readonly result?: RunResult<string | Buffer>;

  constructor(message: string, reason: unknown, fields?: ErrorFields & { result?: RunResult<string | Buffer> }) {
    super(message, 'ABORT_ERR', { ...fields, cause: reason });
    if (fields?.result !== undefined) this.result = fields.result;
  }
}

/** A limit in bytes was passed: `maxBytes` of `run()`, or `maxLength` of `lines()`. */
export class MaxBytesError extends LastbyteError {
  readonly stream: 'stdout' | 'stderr';
  readonly maxBytes: number;
  /** Of `run()`: what came, cut at the limit. */
  declare readonly result?: RunResult<string | Buffer>;

  constructor(
    message: string,
    fields: ErrorFields & { stream: 'stdout' | 'stderr'; maxBytes: number; result?: RunResult<string | Buffer> },
  ) {
    super(message, 'ERR_LASTBYTE_MAX_BYTES', fields);
    this.stream = fields.stream;
    this.maxBytes = fields.maxBytes;
    if (fields.result !== undefined) this.result = fields.result;
  }
}

/**
 * `run()`'s `check` didn't accept the exit: a code that isn't 0, a signal, or a timeout. It has the whole result, in
 * `result` and as properties of its own, but for the child's exit code: that is `exitCode`, since `code` is the error's.
 */
export class RunError<Output extends string | Buffer = string> extends LastbyteError {
  readonly result: RunResult<Output>;

  /** `code` is ERR_LASTBYTE_TIMEOUT or ERR_LASTBYTE_RUN_FAILED. */
  constructor(message: string, result: RunResult<Output>, fields?: ErrorFields) {
    super(message, result.reason === 'timedOut' ? 'ERR_LASTBYTE_TIMEOUT' : 'ERR_LASTBYTE_RUN_FAILED', fields);
    this.result = result;
  }

  get stdout(): Output {
    return this.result.stdout;
  }

  get stderr(): Output {
    return this.result.stderr;
  }

  get exitCode(): number | null {
    return this.result.code;
  }

  get signal(): ExitInfo['signal'] {
    return this.result.signal;
  }

  get reason(): ExitInfo['reason'] {
    return this.result.reason;
  }

  get args(): readonly string[] {
    return this.result.args;
  }
}

// On the prototypes, so that they survive minifying and aren't among the own properties that a log shows.
for (const [name, errorClass] of Object.entries({
  LastbyteError,
  InvalidArgumentError,
  SpawnError,
  ClosedError,
  StatusLostError,
  NoBinaryError,
  AttachedError,
  EvictedError,
  UnknownExecutionError,
  IdInUseError,
  DetachedError,
  UnsupportedError,
  AbortError,
  MaxBytesError,
  RunError,
})) {
  Object.defineProperty(errorClass.prototype, 'name', { value: name, configurable: true, writable: true });
}
