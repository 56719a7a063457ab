/** A signal by its name, as in signal(7). */
export type Signal = NodeJS.Signals;

/**
 * The step at which a start failed: a resource of the host (a pipe, memory …), the working directory, the program, the
 * interpreter or loader that it names, the start itself (E2BIG, EAGAIN …), it was killed or aborted before, or what a stream was
 * to be redirected to.
 */
export type SpawnStage =
  | 'resources'
  | 'cwd'
  | 'program'
  | 'interpreter'
  | 'spawn'
  | 'cancelled'
  | 'stdin'
  | 'stdout'
  | 'stderr';

/**
 * Why an execution ended. `exited` and `signaled` are the child's own doing; `timedOut`, `aborted` and `killed` are ours;
 * `closed`: the engine was closed; `unknown`: somebody else collected the status, or SIGCHLD is ignored in this process.
 */
export type ExitReason = 'exited' | 'signaled' | 'timedOut' | 'aborted' | 'killed' | 'closed' | 'unknown';

/** The facts of an ended execution, equal for everybody who asks. */
export interface ExitInfo {
  pid: number;
  /** 0…255; null where a signal ended it. */
  code: number | null;
  signal: Signal | null;
  reason: ExitReason;
  /** False where a stream was cut before its end: by the drain policy, by its reader, or by closing the engine. */
  outputComplete: boolean;
  /** Bytes that were read from the child and that nobody gets; exact. */
  dropped: { stdout: number; stderr: number };
  /** From the start to the collection of the status, in milliseconds. */
  durationMs: number;
  /** Of the child and the descendants that it waited for; getrusage(2). */
  usage: { userMs: number; systemMs: number; maxRssBytes: number };
}

/** The facts of a finished command, with its output. */
export interface RunResult<Output extends string | Buffer = string> extends ExitInfo {
  /** Empty where stdout is not a pipe. */
  stdout: Output;
  /** Empty where stderr is not a pipe. */
  stderr: Output;
  /** As it was given. */
  file: string;
  /** As they were given. */
  args: readonly string[];
}
