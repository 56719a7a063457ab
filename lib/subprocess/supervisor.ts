import type { Execution, ExecutionCallbacks, StreamNumber } from '../engine/execution.js';
import { ClosedError, type LastbyteError } from '../errors.js';
import type { ExitInfo } from '../shared/facts.js';
import { unwatchAbort, watchAbort } from './abort.js';
import { executionId } from './execution-id.js';
import { Listeners } from './listeners.js';
import { type ChunkListener, Output } from './output.js';
import type { SpawnPlan } from './plan.js';

/** Told of an execution's end, before its `exit` listeners: `error` where the start failed. */
export interface EndTarget {
  ended(error?: LastbyteError): void;
}

export type ExitListener = (info: ExitInfo) => void;

/**
 * What `spawn` and `run` have in common: takes the engine's events of one execution, numbers them, and passes them on in
 * their order. Whatever isn't always needed is made when it is asked for.
 */
export class Supervisor implements ExecutionCallbacks {
  /** The number of the last event: 1, 2, 3 … over output, reaped and exit. */
  seq = 0;
  /** Somebody waits for the end: what nobody reads is drained. */
  draining = false;
  /** Nothing more can be written. */
  stdinClosed = false;
  /** Told when that happens. */
  onStdinGone: (() => void) | undefined;
  execution!: Execution;
  readonly plan: SpawnPlan;
  readonly stdout: Output | null;
  readonly stderr: Output | null;
  onStarted?: (pid: number) => void;
  onStreamEnd?: (stream: StreamNumber) => void;
  readonly #endTargets: EndTarget[] = [];
  #reaped: ExitInfo | undefined;
  #reapedListeners: Listeners<[ExitInfo]> | undefined;
  #exitListeners: Listeners<[ExitInfo]> | undefined;
  /** Somebody came late and has yet to be told what was before. */
  #behind = false;

  constructor(plan: SpawnPlan) {
    const { stdout = 'pipe', stderr = 'pipe' } = plan.request;
    this.plan = plan;
    this.stdout = stdout === 'pipe' ? new Output(this, 1, plan.retainBytes) : null;
    this.stderr = stderr === 'pipe' ? new Output(this, 2, plan.retainBytes) : null;
  }

  get id(): string {
    return executionId(this.execution.id);
  }

  /** Must be called before the engine can call back. */
  begin(execution: Execution): void {
    this.execution = execution;
    const { signal } = this.plan;
    if (signal !== undefined && !signal.aborted) watchAbort(signal, this);
  }

  /** Before the first event only: the engine then reports the end of each stream as it comes, not with Exit. */
  wantStreamEnds(): void {
    this.onStreamEnd = (stream) => (stream === 1 ? this.stdout : this.stderr)?.end(this.#closedError());
  }

  beforeEnd(target: EndTarget): void {
    this.#endTargets.push(target);
  }

  drain(): void {
    this.draining = true;
    this.stdout?.drain();
    this.stderr?.drain();
  }

  /** The facts of the exit, from Exit on: the same object for everybody. */
  facts(): ExitInfo {
    const info = this.execution.info as ExitInfo;
    if (!Object.isFrozen(info)) {
      this.drain();
      info.dropped = this.#dropped();
      Object.freeze(info.dropped);
      Object.freeze(info.usage);
      Object.freeze(info);
    }
    return info;
  }

  listenOutput(output: Output, listener: ChunkListener, once: boolean): void {
    output.listen(listener, once);
    if (output.backlogSeq !== Number.POSITIVE_INFINITY) this.#catchUpSoon();
  }

  listenReaped(listener: ExitListener, once: boolean): void {
    this.#reapedListeners ??= new Listeners();
    this.#reapedListeners.add(listener, once);
    if (this.#reaped !== undefined) this.#catchUpSoon();
  }

  listenExit(listener: ExitListener, once: boolean): void {
    this.drain();
    this.#exitListeners ??= new Listeners();
    this.#exitListeners.add(listener, once);
    if (this.execution.info !== undefined) this.#catchUpSoon();
  }

  unlistenOutput(output: Output, listener: ChunkListener): void {
    output.listeners.remove(listener);
    if (this.draining) output.drain();
  }

  unlisten(event: 'reaped' | 'exit', listener: ExitListener): void {
    (event === 'exit' ? this.#exitListeners : this.#reapedListeners)?.remove(listener);
  }

  onStdout(chunk: Buffer): void {
    if (this.#behind) this.#catchUp();
    this.stdout?.receive(chunk);
  }

  onStderr(chunk: Buffer): void {
    if (this.#behind) this.#catchUp();
    this.stderr?.receive(chunk);
  }

  onStdinClosed(): void {
    this.stdinClosed = true;
    this.onStdinGone?.();
  }

  onReaped(info: ExitInfo): void {
    this.seq += 1;
    this.#reaped = info;
    this.#catchUp();
  }

  onExit(): void {
    this.seq += 1;
    this.#end(this.#closedError());
    this.#catchUp();
  }

  onStartFailed(error: LastbyteError): void {
    Object.assign(error, { id: this.id });
    const { signal } = this.plan;
    if (error.code === 'ECANCELED' && signal?.aborted) {
      Object.defineProperty(error, 'cause', { value: signal.reason, configurable: true, writable: true });
    }
    this.#end(error);
  }

  /** The signal of the options was aborted. */
  aborted(): void {
    const { killSignal, killAfterMs } = this.plan.request;
    this.execution.terminate('aborted', killSignal, killAfterMs);
  }

  /** Of a stream that ends when the engine has been closed: nobody knows what else would have come. */
  #closedError(): ClosedError | undefined {
    return this.execution.closed ? new ClosedError('The engine was closed', { id: this.id }) : undefined;
  }

  #end(error: LastbyteError | undefined): void {
    if (this.plan.signal !== undefined) unwatchAbort(this.plan.signal, this);
    this.stdout?.end(error);
    this.stderr?.end(error);
    for (const target of this.#endTargets) target.ended(this.execution.startError);
  }

  #dropped(): { stdout: number; stderr: number } {
    return { stdout: this.stdout?.dropped ?? 0, stderr: this.stderr?.dropped ?? 0 };
  }

  #catchUpSoon(): void {
    if (this.#behind) return;
    this.#behind = true;
    queueMicrotask(() => {
      if (this.#behind) this.#catchUp();
    });
  }

  /** Passes on what listeners have not had, in the order of the numbers. */
  #catchUp(): void {
    this.#behind = false;
    for (;;) {
      const stdoutSeq = this.stdout?.backlogSeq ?? Number.POSITIVE_INFINITY;
      const stderrSeq = this.stderr?.backlogSeq ?? Number.POSITIVE_INFINITY;
      if (stdoutSeq < stderrSeq) this.stdout?.catchUp();
      else if (stderrSeq < stdoutSeq) this.stderr?.catchUp();
      else break;
    }
    // A listener that wanted one chunk only may have left more behind.
    if (this.draining) this.drain();
    if (this.#reaped !== undefined && this.#reapedListeners !== undefined) {
      this.#reapedListeners.emitLast({ ...this.#reaped, dropped: this.#dropped() });
    }
    if (this.execution.info !== undefined) this.#exitListeners?.emitLast(this.facts());
  }
}
