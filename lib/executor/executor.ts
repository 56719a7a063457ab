import type { Run } from '../run/run.js';
import type { ExitInfo } from '../shared/facts.js';
import type { Spawn } from '../subprocess/spawn.js';
import type { Subprocess } from '../subprocess/subprocess.js';

export interface AttachOptions {
  /** Begin behind this event; default 0: at the beginning. */
  afterSeq?: number | undefined;
}

/**
 * `queued`: waits for its turn; `starting`: the engine has it; `running`; `reaped`: the leader has ended, and somebody
 * still holds its output; `exited`: over, and its log is retained; `failed`: it could not be started.
 */
export type ExecutionState = 'queued' | 'starting' | 'running' | 'reaped' | 'exited' | 'failed';

/** One line of `list()`. */
export interface ExecutionSummary {
  id: string;
  state: ExecutionState;
  /** Absent before the start. */
  pid?: number;
  /** As they were given to `spawn` or `run`. */
  file: string;
  args: readonly string[];
  /** When `spawn` or `run` was called, in milliseconds since 1970. */
  startedAt: number;
  /** The number of its newest event. */
  seq: number;
  /** From Exit on. */
  exit?: ExitInfo;
}

/** Where commands run: here, or on another machine. Code that is written against one runs on the other. */
export interface Executor extends AsyncDisposable {
  readonly spawn: Spawn;
  readonly run: Run;
  /**
   * Another handle of an execution that somebody started here: what its log still has behind `afterSeq`, then what comes,
   * without gap or double; or, when it is over, the same story. Rejects with UnknownExecutionError, EvictedError (it is
   * known, but its log has gone), ClosedError, and InvalidArgumentError where there has been no such event.
   */
  attach(id: string, options?: AttachOptions): Promise<Subprocess>;
  /** What lives or is retained, in the order of the calls. Rejects with ClosedError. */
  list(): Promise<ExecutionSummary[]>;
  /**
   * Ends what runs (reason `closed`), forgets all logs, and resolves when everything has ended. Open waiters and readers
   * get ClosedError at once. A second call does nothing.
   */
  close(): Promise<void>;
}
