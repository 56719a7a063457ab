import type { Execution, ExecutionCallbacks } from '../engine/execution.js';
import type { ExecutionRequest } from '../engine/request.js';
import type { Deadline } from '../shared/deadlines.js';
import type { Supervisor } from './supervisor.js';

/** What a `Subprocess` needs of an execution: one of the engine, or one that still waits for its turn. */
export type Executing = Pick<
  Execution,
  | 'pid'
  | 'info'
  | 'startError'
  | 'closed'
  | 'settled'
  | 'wait'
  | 'write'
  | 'end'
  | 'kill'
  | 'terminate'
  | 'cancel'
  | 'consumed'
  | 'expectStarted'
  | 'pipeInode'
  | 'ref'
  | 'unref'
> & {
  /** It waits for its turn. */
  readonly queued?: boolean;
};

/** What an executor keeps of an execution that has ended. */
export interface Retention {
  /** Memory that its log keeps from being freed, in bytes, roughly. */
  readonly cost: number;
  /** On the clock of `performance.now()`. */
  readonly until: number;
  /** Its own, where it is not kept as long as the others. */
  readonly deadline: Deadline | undefined;
  evicted: boolean;
}

/** Starts executions, and keeps them. */
export interface Host {
  /** Where the options don't say otherwise. */
  readonly retainBytes: number;
  readonly retainMs: number;
  execute(request: ExecutionRequest, callbacks: ExecutionCallbacks): Executing;
  /** Whatever the limit says. */
  executeAtOnce(request: ExecutionRequest, callbacks: ExecutionCallbacks): Executing;
  /** Read end and write end of a pipe of the kernel, for the caller to close. Throws LastbyteError with the system's code. */
  pipe(): [number, number];
  /** Throws ClosedError, and IdInUseError. */
  check(id: string | undefined): void;
  /** Knows it from now on. */
  add(supervisor: Supervisor): void;
  /** Exit or the failure of its start has been delivered: its retention begins. */
  settled(supervisor: Supervisor): void;
  /** Forgets what it wrote as soon as it has settled. */
  evict(supervisor: Supervisor): void;
}
