import type { SpawnError } from '../errors.js';
import { LastbyteError } from '../errors.js';
import type { ExitInfo, Signal } from '../shared/facts.js';
import type { ByteStream } from '../subprocess/byte-stream.js';
import type { StdinStream } from '../subprocess/stdin.js';
import type { Subprocess, TerminateOptions } from '../subprocess/subprocess.js';

/** A stage that did not succeed: a code that isn't 0, a signal, a timeout, or no start at all. */
export interface StageFailure {
  /** Its place in the chain: 0, 1, 2 … */
  stage: number;
  /** As it was given. */
  file: string;
  /** How it ended; absent where it could not be started. */
  info?: ExitInfo;
  /** Why it could not be started, or its end is not known. */
  error?: LastbyteError | SpawnError;
}

export interface PipelineResult {
  /** All stages succeeded. As with a shell's `pipefail`, a stage that SIGPIPE has ended did not. */
  ok: boolean;
  /** In the order of the chain. */
  failed: StageFailure[];
  /** Of each stage; undefined where there is none. */
  exits: (ExitInfo | undefined)[];
}

/** A chain of children, each reading what the one before it writes, through pipes of the kernel. */
export class Pipeline implements AsyncDisposable {
  readonly stages: readonly Subprocess[];
  readonly #files: readonly string[];

  /** @internal Use `pipeline`. */
  constructor(stages: readonly Subprocess[], files: readonly string[]) {
    this.stages = stages;
    this.#files = files;
  }

  /** Of the first stage. */
  get stdin(): StdinStream | null {
    return (this.stages[0] as Subprocess).stdin;
  }

  /** Of the last stage. */
  get stdout(): ByteStream | null {
    return (this.stages.at(-1) as Subprocess).stdout;
  }

  /** When all stages are over. Rejects with what isn't a stage's own failure: ClosedError, DetachedError. */
  async wait(): Promise<PipelineResult> {
    const ends = await Promise.allSettled(this.stages.map((stage) => stage.wait()));
    const failed: StageFailure[] = [];
    const exits = ends.map((end, stage) => {
      const failure: StageFailure = { stage, file: this.#files[stage] as string };
      if (end.status === 'rejected') {
        const { reason } = end;
        if (!(reason instanceof LastbyteError) || reason.code === 'ERR_LASTBYTE_CLOSED') throw reason;
        failed.push({ ...failure, error: reason });
        return undefined;
      }
      const { code, reason } = end.value;
      if (code !== 0 || reason === 'timedOut') failed.push({ ...failure, info: end.value });
      return end.value;
    });
    return { ok: failed.length === 0, failed, exits };
  }

  /** Sends a signal to all stages. False where nobody is left to get it. */
  kill(signal: Signal | number = 'SIGTERM'): boolean {
    return this.stages.map((stage) => stage.kill(signal)).includes(true);
  }

  /** Ends all stages, as `terminate` of each does; then `wait()`. */
  async terminate(options: TerminateOptions = {}): Promise<PipelineResult> {
    await Promise.allSettled(this.stages.map((stage) => stage.terminate(options)));
    return this.wait();
  }

  /** For `await using`: terminates all stages and waits. Never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate().catch(() => {});
  }
}
