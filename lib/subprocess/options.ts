import { fileURLToPath } from 'node:url';
import type { DrainPolicy, InputOption, OutputOption } from '../engine/request.js';
import { checkString } from '../engine/request.js';
import { InvalidArgumentError } from '../errors.js';
import type { Signal } from '../shared/facts.js';
import { checkAbortSignal } from './check-options.js';
import type { SpawnPlan } from './plan.js';

/** How to start a child. What is left out, or undefined, has its default. */
export interface SpawnOptions {
  /** Working directory, as a path or a `file:` URL; default: the host's, as it is at the call. chdir(2) */
  cwd?: string | URL | undefined;
  /** The whole environment, undefined values left out; default: the host's, as it is at the call. environ(7) */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** What the child sees as its own name; default: `file`. */
  argv0?: string | undefined;
  /**
   * Run `file` as a command line of `/bin/sh` (true) or of this shell; default false. `args` don't become part of the
   * command line: they are its parameters `$1`, `$2` …, and need no quoting. sh(1)
   */
  shell?: boolean | string | undefined;
  /** Default 'ignore': /dev/null. A number is a descriptor of this process; `{ file }` is opened with the start. */
  stdin?: InputOption | undefined;
  /** Written to stdin, which is then closed; a string as UTF-8. Don't change the bytes while the child runs. */
  input?: string | Uint8Array | undefined;
  /** Default 'pipe'. */
  stdout?: OutputOption | undefined;
  /** Default 'pipe'. 'stdout': the same pipe, file or descriptor as stdout's, so that the order of writing is kept. */
  stderr?: OutputOption | 'stdout' | undefined;
  /** The child leads its own process group, which gets all signals; default true, false where stdin is inherited. */
  group?: boolean | undefined;
  /** Ends the child, with reason `aborted`: `killSignal`, then SIGKILL. Where it is aborted already, nothing is started. */
  signal?: AbortSignal | undefined;
  /** From the start, in milliseconds (1…2³¹−1): then the child is ended, with reason `timedOut`. Default: none. */
  timeoutMs?: number | undefined;
  /** What a timeout or an abort sends first; default 'SIGTERM'. signal(7) */
  killSignal?: Signal | undefined;
  /** From `killSignal` to SIGKILL for the whole group, in milliseconds (0…2³¹−1); default 2000. */
  killAfterMs?: number | undefined;
  /** What to do with a stream that others still hold open when the child has ended; default 'eof': wait. */
  drain?: DrainPolicy | undefined;
  /** The newest bytes that the log keeps for who comes later, in bytes of each stream (0…2³⁰); default 1 MiB. */
  retainBytes?: number | undefined;
  /** How long the log is kept from Exit on, in milliseconds (0…2³¹−1); default 60,000. */
  retainMs?: number | undefined;
  /** A name to attach by (1…256 characters); default: a new one. Throws IdInUseError while the executor knows it. */
  id?: string | undefined;
}

export const SPAWN_OPTIONS: readonly string[] = [
  ...[
    'cwd',
    'env',
    'argv0',
    'shell',
    'stdin',
    'input',
    'stdout',
    'stderr',
    'group',
    'signal',
    'timeoutMs',
    'killSignal',
  ],
  ...['killAfterMs', 'drain', 'retainBytes', 'retainMs', 'id'],
];

const LARGEST_RETAIN_BYTES = 2 ** 30;
const LONGEST_RETAIN_MS = 2 ** 31 - 1;
const LONGEST_ID = 256;

/** Takes one option into the plan; false where there is none of this name. */
export function readSpawnOption(plan: SpawnPlan, name: string, value: unknown): boolean {
  switch (name) {
    case 'env':
    case 'argv0':
    case 'stdin':
    case 'stdout':
    case 'stderr':
    case 'group':
    case 'timeoutMs':
    case 'killSignal':
    case 'killAfterMs':
    case 'drain':
      if (value !== undefined) (plan.request as unknown as Record<string, unknown>)[name] = value;
      return true;
    case 'cwd':
      if (value !== undefined) plan.request.cwd = readPath('cwd', value);
      return true;
    case 'signal':
      if (value !== undefined) plan.signal = checkAbortSignal(value);
      return true;
    case 'retainBytes':
      if (value !== undefined) plan.retainBytes = checkRetainBytes(value);
      return true;
    case 'retainMs':
      if (value !== undefined) plan.retainMs = checkRetainMs(value);
      return true;
    case 'id':
      if (value !== undefined) plan.id = checkId(value);
      return true;
    case 'input':
      if (value !== undefined) plan.input = readInput(value);
      return true;
    case 'shell':
      if (value !== undefined) plan.shell = checkShell(value);
      return true;
    default:
      return false;
  }
}

function readPath(name: string, value: unknown): string {
  if (!(value instanceof URL)) return checkString(name, value);
  if (value.protocol !== 'file:') throw new InvalidArgumentError(name, 'a path or a file: URL', value.href);
  return fileURLToPath(value);
}

function readInput(value: unknown): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (value instanceof Uint8Array) return value;
  throw new InvalidArgumentError('input', 'a string or a Uint8Array', value);
}

function checkShell(value: unknown): boolean | string {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string')
    throw new InvalidArgumentError('shell', 'a boolean, or the path or name of a shell', value);
  if (value === '') throw new InvalidArgumentError('shell', 'a shell, not an empty string', value);
  return checkString('shell', value);
}

/** Throws InvalidArgumentError. */
export function checkId(value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= LONGEST_ID) return value;
  throw new InvalidArgumentError('id', `a string of 1 to ${LONGEST_ID} characters`, value);
}

/** Throws InvalidArgumentError. */
export function checkRetainMs(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= LONGEST_RETAIN_MS) return value;
  throw new InvalidArgumentError('retainMs', `milliseconds from 0 to ${LONGEST_RETAIN_MS}`, value);
}

/** Throws InvalidArgumentError. */
export function checkRetainBytes(value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > LARGEST_RETAIN_BYTES) {
    throw new InvalidArgumentError('retainBytes', `a whole number of bytes from 0 to ${LARGEST_RETAIN_BYTES}`, value);
  }
  return value as number;
}
