import type { Execution, ExecutionCallbacks } from '../engine/execution.js';
import type { ExecutionRequest } from '../engine/request.js';
import type { Engine } from '../engine.js';
import { ClosedError } from '../errors.js';
import { OwnDescriptors } from './own-descriptors.js';
import { QueuedExecution } from './queued-execution.js';

/** What the system says while there is no room; the end of another execution makes some. */
const NO_ROOM: readonly string[] = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'];
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Starts executions in order, at most `maxLive` at a time. Where the system has no room for one, it waits for the end of
 * another and is tried again; that it can't be started is certain only where it was tried with no other one there.
 */
export class StartQueue {
  readonly #engine: Engine;
  readonly #maxLive: number;
  /** Started or being started, and not settled. */
  #live = 0;
  readonly #waiting: QueuedExecution[] = [];
  /** Handed to the engine, which has not said yet whether it could be started. */
  readonly #starting = new Set<QueuedExecution>();
  /** The one of these beside which there was no other: what the system says to it is final. */
  #alone: QueuedExecution | undefined;
  /** The system had no room: one has to end first. */
  #full = false;
  #order = 0;
  /** How many of those that wait keep the event loop alive, and by what. */
  #references = 0;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(engine: Engine, maxLive: number) {
    this.#engine = engine;
    this.#maxLive = maxLive;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(request: ExecutionRequest, callbacks: ExecutionCallbacks): QueuedExecution {
    // Where the engine can't come up, the caller is told, not the execution.
    this.#engine.stats();
    this.#order += 1;
    const descriptors = new OwnDescriptors(this.#engine, request);
    const execution = new QueuedExecution(this, this.#order, request, descriptors, callbacks);
    this.#waiting.push(execution);
    this.reference(1);
    this.#startNext();
    return execution;
  }

  /** One that waits is wanted no more. */
  remove(execution: QueuedExecution): void {
    const index = this.#waiting.indexOf(execution);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.reference(execution.referenced ? -1 : 0);
  }

  /** The engine has started one. */
  started(execution: QueuedExecution): void {
    this.#starting.delete(execution);
    if (execution !== this.#alone) return;
    this.#full = false;
    this.#startNext();
  }

  /** One that was started has settled. */
  ended(): void {
    this.#live -= 1;
    this.#full = false;
    this.#startNext();
  }

  /** One could not be started: that makes no room for others. */
  failed(execution: QueuedExecution): void {
    this.#starting.delete(execution);
    this.#live -= 1;
    this.#startNext();
  }

  /** The system would not start it. @returns whether it will be tried again */
  refused(execution: QueuedExecution, code: string): boolean {
    if (!NO_ROOM.includes(code) || execution === this.#alone) return false;
    this.#starting.delete(execution);
    this.#live -= 1;
    const behind = this.#waiting.findIndex((other) => other.order > execution.order);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, execution);
    this.reference(execution.referenced ? 1 : 0);
    this.#full = true;
    if (this.#live === 0) queueMicrotask(() => this.#startNext());
    return true;
  }

  /** Those that wait and are referenced keep the event loop alive. */
  reference(change: number): void {
    this.#references += change;
    if (this.#references > 0) {
      this.#keepAlive ??= setInterval(() => {}, FOREVER_MS);
    } else {
      clearInterval(this.#keepAlive);
      this.#keepAlive = undefined;
    }
  }

  /** The engine has been closed: none of those that wait will be started. */
  close(): void {
    for (const execution of this.#starting) execution.close();
    for (const execution of this.#waiting.splice(0)) {
      this.reference(execution.referenced ? -1 : 0);
      execution.fail(new ClosedError('The executor was closed before this was started'));
    }
  }

  #startNext(): void {
    while (this.#waiting.length > 0 && this.#live < this.#maxLive && (!this.#full || this.#live === 0)) {
      const execution = this.#waiting.shift() as QueuedExecution;
      this.reference(execution.referenced ? -1 : 0);
      this.#alone = this.#live === 0 ? execution : undefined;
      this.#live += 1;
      this.#starting.add(execution);
      execution.start((request, callbacks): Execution => this.#engine.execute(request, callbacks));
    }
  }
}
