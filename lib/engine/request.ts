import { resolve } from 'node:path';
import { InvalidArgumentError } from '../errors.js';
import { DrainMode, REQUEST_SLOTS, RequestSlot } from '../native/contract.js';
import type { EngineLoop } from './engine-loop.js';
import { inMainThread } from './main-thread.js';
import { type Signal, signalNumber } from './signals.js';
import { encodeStdio } from './stdio.js';

/** Credit of an output stream unless the request says otherwise: what may be queued or unread, in bytes. */
export const DEFAULT_WINDOW_BYTES = 1024 * 1024;
/** The longest time that can be asked for: about 24.8 days, as with `setTimeout`. */
export const MAX_MILLISECONDS = 2 ** 31 - 1;

/** `ignore`: /dev/null. `pipe`: ours. `inherit`: this process's own. */
export type StdioOption = 'ignore' | 'pipe' | 'inherit';

/** A file, by its path; a relative one is taken from this process's directory at the call. It is opened with the start. */
export interface InputFile {
  file: string;
}

/** It is created with mode 0666 less the umask, or emptied; with `append`, every write goes to its end. open(2) */
export interface OutputFile {
  file: string;
  append?: boolean | undefined;
}

/** Where stdin comes from; a number is a descriptor of this process, which may be closed when the call has returned. */
export type InputOption = StdioOption | number | InputFile;
/** Where output goes to. */
export type OutputOption = StdioOption | number | OutputFile;

/**
 * What to do with a stream that is still open when the leader has been reaped (a descendant holds it): wait for its end;
 * cut it when no byte has come for `idleMs`; or cut it `deadlineMs` after the leader was reaped.
 */
export type DrainPolicy = 'eof' | { idleMs: number } | { deadlineMs: number };

/** One child to start. Only `file` is required. */
export interface ExecutionRequest {
  /** A path if it has a slash, else searched in the PATH of the child's environment. */
  file: string;
  args?: readonly string[];
  /** What the child sees as its own name; default: `file`. */
  argv0?: string;
  cwd?: string;
  /** The whole environment; default: the host's, as it is at the call. Undefined values are left out. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Default 'ignore'. */
  stdin?: InputOption;
  /** Default 'pipe'. */
  stdout?: OutputOption;
  /** Default 'pipe'. 'stdout': what stdout is, in the order written. */
  stderr?: OutputOption | 'stdout';
  /** The child leads its own process group; default true, false where stdin is inherited. */
  group?: boolean;
  /** From the start, in milliseconds (1…2³¹−1): then the ladder, with reason `timedOut`. Default: none. */
  timeoutMs?: number;
  /** First rung of the ladder; default 'SIGTERM'. */
  killSignal?: Signal;
  /** From the first rung to SIGKILL for the whole group, in milliseconds (0…2³¹−1); default 2000. */
  killAfterMs?: number;
  drain?: DrainPolicy;
  /** Credit of each output stream in bytes (4096…2³⁰); default 1 MiB. */
  windowBytes?: number;
  /** 'auto' (default): a chunk is used up when its callback is called. 'manual': when `consumed` says so. */
  credit?: 'auto' | 'manual';
  /** Don't start it: `onStartFailed` says ECANCELED. For a caller whose signal had been aborted before the call. */
  cancelled?: boolean;
}

export function checkString(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new InvalidArgumentError(name, 'a string', value);
  if (value.includes('\0')) throw new InvalidArgumentError(name, 'a string without NUL', value);
  return value;
}

export function checkMilliseconds(name: string, value: unknown, min = 0): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < min || value > MAX_MILLISECONDS) {
    throw new InvalidArgumentError(name, `a number of milliseconds from ${min} to ${MAX_MILLISECONDS}`, value);
  }
  return value;
}

/** The number of a signal that was given by name, or, where `numbers` are taken, by number (0 probes). */
export function checkSignal(name: string, value: unknown, numbers: boolean): number {
  if (numbers && Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 64) return value as number;
  const number = typeof value === 'string' ? signalNumber(value) : undefined;
  if (number === undefined) {
    throw new InvalidArgumentError(
      name,
      numbers ? "a signal's name, or a number from 0 to 64" : "a signal's name",
      value,
    );
  }
  return number;
}

/** Relative to this process's directory as it is at the call: the start comes later. */
function checkDirectory(value: unknown): string {
  const directory = checkString('cwd', value);
  if (directory === '') throw new InvalidArgumentError('cwd', 'a directory, not an empty string', directory);
  return directory.startsWith('/') ? directory : resolve(directory);
}

function setDrain(slots: Float64Array, drain: unknown): void {
  slots[RequestSlot.drainMs] = 0;
  if (drain === undefined || drain === 'eof') {
    slots[RequestSlot.drain] = DrainMode.eof;
    return;
  }
  const policy = drain as { idleMs?: unknown; deadlineMs?: unknown };
  const keys = typeof drain === 'object' && drain !== null ? Object.keys(drain) : [];
  if (keys.length === 1 && keys[0] === 'idleMs') {
    slots[RequestSlot.drain] = DrainMode.idle;
    slots[RequestSlot.drainMs] = checkMilliseconds('drain.idleMs', policy.idleMs);
  } else if (keys.length === 1 && keys[0] === 'deadlineMs') {
    slots[RequestSlot.drain] = DrainMode.deadline;
    slots[RequestSlot.drainMs] = checkMilliseconds('drain.deadlineMs', policy.deadlineMs);
  } else {
    throw new InvalidArgumentError('drain', "'eof', { idleMs } or { deadlineMs }", drain);
  }
}

function joinArguments(file: string, request: ExecutionRequest): string {
  const argv0 = request.argv0 === undefined ? file : checkString('argv0', request.argv0);
  const { args } = request;
  if (args === undefined) return argv0;
  if (!Array.isArray(args)) throw new InvalidArgumentError('args', 'an array of strings', args);
  let joined = argv0;
  for (let i = 0; i < args.length; i++) joined += `\0${checkString(`args[${i}]`, args[i])}`;
  return joined;
}

/**
 * The environment joined with NUL; null stands for the host's own, which C++ copies from `environ` (27 µs less than
 * `process.env`). A worker has its own `process.env`, which `environ` doesn't show.
 */
function joinEnvironment(env: unknown): string | null {
  if (env === undefined) {
    if (inMainThread()) return null;
    return joinEnvironment(process.env);
  }
  if (typeof env !== 'object' || env === null) {
    throw new InvalidArgumentError('env', 'an object of strings', env);
  }
  const entries: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (name === '' || name.includes('=') || name.includes('\0')) {
      throw new InvalidArgumentError('env', "names that are not empty and have no '=' or NUL", name);
    }
    entries.push(`${name}=${checkString(`env.${name}`, value)}`);
  }
  return entries.join('\0');
}

function checkWindow(value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 4096 || (value as number) > 2 ** 30) {
    throw new InvalidArgumentError('windowBytes', 'a whole number from 4096 to 2 ** 30', value);
  }
  return value as number;
}

/** Checks a request and hands it to the addon. Throws InvalidArgumentError before anything has been started. */
export function submit(loop: EngineLoop, id: number, request: ExecutionRequest, wants: RequestWants): void {
  const { file, argv, environment, cwd, files } = encode(loop.request, id, request, wants);
  loop.native.execute(file, argv, environment, cwd, files);
}

/** Throws InvalidArgumentError for what `execute` would throw it for. */
export function checkRequest(request: ExecutionRequest): void {
  encode(new Float64Array(REQUEST_SLOTS), 0, request, { startedNow: false, streamEnds: false });
}

/** What a request means now, to be started later. Throws InvalidArgumentError. */
export function snapshotRequest(request: ExecutionRequest): ExecutionRequest {
  const { cwd } = encode(new Float64Array(REQUEST_SLOTS), 0, request, { startedNow: false, streamEnds: false });
  const { args = [], env = process.env, drain = 'eof' } = request;
  const directory = cwd ?? hostDirectory();
  const copies = { args: [...args], env: { ...env }, drain: drain === 'eof' ? drain : { ...drain } };
  const snapshot: ExecutionRequest = { ...request, ...copies };
  if (directory !== undefined) snapshot.cwd = directory;
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    const stream = request[name];
    if (typeof stream === 'object') snapshot[name] = { ...stream, file: resolve(stream.file) };
  }
  return snapshot;
}

/** Undefined where it has been removed: what the system says to that comes with the start. */
function hostDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

interface EncodedRequest {
  file: string;
  argv: string;
  environment: string | null;
  cwd: string | null;
  files: string | null;
}

/** Checks a request; what isn't text goes to the slots. */
function encode(slots: Float64Array, id: number, request: ExecutionRequest, wants: RequestWants): EncodedRequest {
  const file = checkString('file', request.file);
  if (file === '') throw new InvalidArgumentError('file', 'a program, not an empty string', file);
  const cwd = request.cwd === undefined ? null : checkDirectory(request.cwd);
  const stdin = request.stdin ?? 'ignore';
  slots[RequestSlot.id] = id;
  const files = encodeStdio(slots, stdin, request.stdout ?? 'pipe', request.stderr ?? 'pipe');
  const group = request.group ?? (stdin !== 'inherit' && stdin !== 0);
  if (typeof group !== 'boolean') throw new InvalidArgumentError('group', 'a boolean', group);
  slots[RequestSlot.group] = group ? 1 : 0;
  slots[RequestSlot.timeoutMs] =
    request.timeoutMs === undefined ? 0 : checkMilliseconds('timeoutMs', request.timeoutMs, 1);
  slots[RequestSlot.killSignal] = checkSignal('killSignal', request.killSignal ?? 'SIGTERM', false);
  slots[RequestSlot.killAfterMs] = checkMilliseconds('killAfterMs', request.killAfterMs ?? 2000);
  setDrain(slots, request.drain);
  slots[RequestSlot.windowBytes] =
    request.windowBytes === undefined ? DEFAULT_WINDOW_BYTES : checkWindow(request.windowBytes);
  slots[RequestSlot.startedNow] = wants.startedNow ? 1 : 0;
  slots[RequestSlot.streamEnds] = wants.streamEnds ? 1 : 0;
  slots[RequestSlot.cancelled] = request.cancelled === true ? 1 : 0;
  const argv = joinArguments(file, request);
  const environment = joinEnvironment(request.env);
  return { file, argv, environment, cwd, files };
}

/** Which events somebody waits for; the others are not made, or ride along. */
export interface RequestWants {
  startedNow: boolean;
  streamEnds: boolean;
}
