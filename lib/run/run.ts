import type { RunResult } from '../shared/facts.js';
import type { Host } from '../subprocess/executing.js';
import { newPlan, splitArguments } from '../subprocess/plan.js';
import { Subprocess } from '../subprocess/subprocess.js';
import { Job } from './job.js';
import { type RunOptions, readRunOptions } from './options.js';

/** A command's result to come, and the child that it comes from. */
export type RunPromise<Output extends string | Buffer = string> = Promise<RunResult<Output>> & {
  /** To watch, signal or wait for the child. `run` itself reads its output; `on` listeners may look on. */
  readonly subprocess: Subprocess;
};

type BufferOptions = RunOptions & { encoding: 'buffer' };
type StringOptions = RunOptions & { encoding?: 'utf8' | undefined };

/**
 * Runs a program to its end and collects its output. Throws as `spawn` does, at the call. Rejects with RunError where
 * `check` doesn't accept the exit, MaxBytesError beyond `maxBytes`, AbortError when `signal` was aborted, SpawnError where
 * it could not be started, StatusLostError, and ClosedError when the executor was closed.
 */
export interface Run {
  (file: string, args: readonly string[] | undefined, options: BufferOptions): RunPromise<Buffer>;
  (file: string, args?: readonly string[], options?: StringOptions): RunPromise<string>;
  (file: string, args?: readonly string[], options?: RunOptions): RunPromise<string | Buffer>;
  (file: string, options: BufferOptions): RunPromise<Buffer>;
  (file: string, options?: StringOptions): RunPromise<string>;
  (file: string, options?: RunOptions): RunPromise<string | Buffer>;
}

export function runIn(
  host: Host,
  file: string,
  second?: readonly string[] | RunOptions,
  third?: RunOptions,
): RunPromise<string | Buffer> {
  const { args, options } = splitArguments(second, third);
  const plan = newPlan(file, args);
  const job = new Job(host, file, args ?? [], plan, readRunOptions(plan, options));
  const promise = job.result() as {
    -readonly [Key in keyof RunPromise<string | Buffer>]: RunPromise<string | Buffer>[Key];
  };
  promise.subprocess = new Subprocess(job.supervisor, 'run');
  return promise;
}
