export type { DrainPolicy, StdioOption } from './engine.js';
export {
  AbortError,
  AttachedError,
  ClosedError,
  InvalidArgumentError,
  LastbyteError,
  MaxBytesError,
  NoBinaryError,
  RunError,
  SpawnError,
  StatusLostError,
} from './errors.js';
export type { RunOptions } from './run/options.js';
export { type RunPromise, run } from './run/run.js';
export type { ExitInfo, ExitReason, RunResult, Signal, SpawnStage } from './shared/facts.js';
export type { ByteStream } from './subprocess/byte-stream.js';
export type { LinesOptions } from './subprocess/lines.js';
export type { SpawnOptions } from './subprocess/options.js';
export type { ChunkListener } from './subprocess/output.js';
export { spawn } from './subprocess/spawn.js';
export type { StdinStream } from './subprocess/stdin.js';
export type { Subprocess, TerminateOptions, WaitOptions } from './subprocess/subprocess.js';
export type { ExitListener } from './subprocess/supervisor.js';
