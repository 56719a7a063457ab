export type { DrainPolicy, InputFile, InputOption, OutputFile, OutputOption, StdioOption } from './engine.js';
export {
  AbortError,
  AttachedError,
  ClosedError,
  DetachedError,
  EvictedError,
  IdInUseError,
  InvalidArgumentError,
  LastbyteError,
  MaxBytesError,
  NoBinaryError,
  RunError,
  SpawnError,
  StatusLostError,
  UnknownExecutionError,
  UnsupportedError,
} from './errors.js';
export type { AttachOptions, ExecutionState, ExecutionSummary, Executor } from './executor/executor.js';
export { createExecutor, local, pipeline, run, spawn } from './executor/local.js';
export type { ExecutorStats, LocalExecutor } from './executor/local-executor.js';
export type { ExecutorOptions } from './executor/options.js';
export type { ExecutionEvent } from './log/event-log.js';
export type { EventsOptions } from './log/events.js';
export type { ReadOptions, ReadResult } from './log/read.js';
export type { Pipeline, PipelineResult, StageFailure } from './pipeline/pipeline.js';
export type { Stage, StartPipeline } from './pipeline/start-pipeline.js';
export type { RunOptions } from './run/options.js';
export type { Run, RunPromise } from './run/run.js';
export type { ExitInfo, ExitReason, RunResult, Signal, SpawnStage } from './shared/facts.js';
export type { ExitListener, LagListener } from './subprocess/attachment.js';
export type { ByteStream } from './subprocess/byte-stream.js';
export type { Holder } from './subprocess/held-by.js';
export type { LinesOptions } from './subprocess/lines.js';
export type { SpawnOptions } from './subprocess/options.js';
export type { ChunkListener } from './subprocess/output.js';
export type { Spawn } from './subprocess/spawn.js';
export type { StdinStream } from './subprocess/stdin.js';
export type { Subprocess, TerminateOptions, WaitOptions } from './subprocess/subprocess.js';
