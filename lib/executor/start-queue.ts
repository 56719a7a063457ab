import type { Execution, ExecutionCallbacks } from '../engine/execution.js';
import type { ExecutionRequest } from '../engine/request.js';
import type { Engine } from '../engine.js';
import { ClosedError } from '../errors.js';
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
    this.#order += 1;
    const execution = new QueuedExecution(this, this.#order, request, callbacks);
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

  /** One that was started has settled. */
  ended(): void {
    this.#live -= 1;
    this.#full = false;
    this.#startNext();
  }

  /** The system would not start it. @returns whether it will be tried again */
  refused(execution: QueuedExecution, code: string): boolean {
    if (!NO_ROOM.includes(code) || execution.triedAlone) return false;
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

  /** None of those that wait will be started. */
  close(): void {
    for (const execution of this.#waiting.splice(0)) {
      this.reference(execution.referenced ? -1 : 0);
      execution.fail(new ClosedError('The executor was closed before this was started'));
    }
  }

  #startNext(): void {
    while (this.#waiting.length > 0 && this.#live < this.#maxLive && (!this.#full || this.#live === 0)) {
      const execution = this.#waiting.shift() as QueuedExecution;
      this.reference(execution.referenced ? -1 : 0);
      execution.triedAlone = this.#live === 0;
      this.#live += 1;
      execution.start((request, callbacks): Execution => this.#engine.execute(request, callbacks));
    }
  }
}
