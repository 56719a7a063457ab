import { constants } from 'node:os';
import { ClosedError, LastbyteError } from '../errors.js';
import {
  EventType,
  type NativeEnvironment,
  RECORD_CAPACITY,
  RECORD_STRIDE,
  REQUEST_SLOTS,
  SMALL_BYTES,
} from '../native/contract.js';
import { loadAddon } from '../native/load.js';
import type { Execution, StreamNumber, WaitCallback, WriteCallback } from './execution.js';
import { readOutcome } from './exit-info.js';
import { inMainThread } from './main-thread.js';
import { forgetAtExit, shutDownAtExit } from './shutdown.js';
import { startError } from './start-error.js';

/** One open `wait`. */
export interface Waiter {
  execution: Execution;
  callback: WaitCallback;
  /** Registered after Exit had been delivered: it keeps the event loop alive by itself. */
  late: boolean;
}

/** How long one turn may call back, in milliseconds, before timers and I/O get theirs. */
const TURN_BUDGET_MS = 4;
/** Reading the clock costs about as much as an empty callback: look at it once in so many events. */
const EVENTS_A_LOOK = 16;

/**
 * One engine of this thread: hands requests to the addon, and takes batches of events out of it to whom they belong.
 * The order is the queue's; nothing here changes it.
 */
export class EngineLoop {
  readonly native: NativeEnvironment;
  readonly request = new Float64Array(REQUEST_SLOTS);
  closed = false;
  readonly #records = new Float64Array(1 + RECORD_CAPACITY * RECORD_STRIDE);
  readonly #smallBytes = Buffer.allocUnsafeSlow(SMALL_BYTES);
  readonly #executions = new Map<number, Execution>();
  readonly #waiters = new Map<number, Waiter>();
  readonly #writes = new Map<number, WriteCallback>();
  #buffers: Buffer[] | undefined;
  #count = 0;
  #cursor = 0;
  #lastId = 0;
  #lastToken = 0;
  /** What keeps the event loop alive: live executions that are referenced, and waiters that came after Exit. */
  #keepAlive = 0;
  #turnScheduled = false;
  #down = false;
  #closing: Promise<void> | undefined;
  #whenIdle: (() => void) | undefined;

  constructor(options: { copyOutput?: boolean } = {}) {
    const addon = loadAddon();
    try {
      this.native = addon.open(() => this.#turn(), this.#records, this.request, this.#smallBytes, {
        copyOutput: options.copyOutput === true,
      });
    } catch (cause) {
      const { message, code = 'ERR_LASTBYTE_ENGINE' } = cause as NodeJS.ErrnoException;
      throw new LastbyteError(message, code, { cause });
    }
    shutDownAtExit(this);
  }

  /** @returns an id that this engine has not used before */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  get live(): number {
    return this.#executions.size;
  }

  add(execution: Execution): void {
    this.#executions.set(execution.id, execution);
    this.#retain();
  }

  addWaiter(execution: Execution, callback: WaitCallback): void {
    const waiter = { execution, callback, late: execution.settled };
    if (this.closed) {
      queueMicrotask(() => execution.answer(callback, !waiter.late));
      return;
    }
    this.#lastToken += 1;
    this.#waiters.set(this.#lastToken, waiter);
    if (waiter.late) this.#retain();
    else execution.openWaiters += 1;
    this.native.wait(execution.id, this.#lastToken);
  }

  write(execution: Execution, data: Uint8Array, callback: WriteCallback | undefined): void {
    if (this.#down) {
      if (callback !== undefined) queueMicrotask(() => callback(constants.errno.EPIPE));
      return;
    }
    let token = 0;
    if (callback !== undefined) {
      this.#lastToken += 1;
      token = this.#lastToken;
      this.#writes.set(token, callback);
    }
    this.native.write(execution.id, data, token);
  }

  pipe(): [number, number] {
    try {
      return this.native.pipe();
    } catch (cause) {
      const { message, code = 'ERR_LASTBYTE_ENGINE' } = cause as NodeJS.ErrnoException;
      throw new LastbyteError(message, code, { cause, syscall: 'pipe' });
    }
  }

  referenceChanged(execution: Execution): void {
    if (!this.#executions.has(execution.id)) return;
    // A worker leaves nothing behind: the process goes on, and nobody there would collect it.
    if (inMainThread()) this.native.leaveAtExit(execution.id, !execution.referenced);
    if (execution.referenced) this.#retain();
    else this.#release();
  }

  /** Kills what runs, rejects who waits; resolves when every execution has settled. The second call is the first's. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.closed = true;
    this.native.close();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) {
      const { execution, callback, late } = waiter;
      this.#waiterGone(waiter);
      queueMicrotask(() => execution.answer(callback, !late));
    }
    if (this.live > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    this.shutDown();
    // Answers that were still queued went with the queue.
    for (const callback of this.#writes.values()) queueMicrotask(() => callback(constants.errno.EPIPE));
    this.#writes.clear();
  }

  /** Teardown: no callback runs after this. */
  shutDown(): void {
    if (this.#down) return;
    this.#down = true;
    this.closed = true;
    forgetAtExit(this);
    this.native.shutdown();
  }

  assertOpen(): void {
    if (this.closed) throw new ClosedError('The engine has been closed');
  }

  #retain(): void {
    this.#keepAlive += 1;
    if (this.#keepAlive === 1) this.native.ref();
  }

  #release(): void {
    this.#keepAlive -= 1;
    if (this.#keepAlive === 0) this.native.unref();
  }

  #turn(): void {
    if (this.#turnScheduled) return;
    const deadline = performance.now() + TURN_BUDGET_MS;
    let finished = false;
    try {
      finished = this.#deliverUntil(deadline);
    } finally {
      // A callback that threw must not hold up the others: they come in the next turn.
      if (!finished) {
        this.#turnScheduled = true;
        setImmediate(() => {
          this.#turnScheduled = false;
          this.#turn();
        });
      }
    }
  }

  #deliverUntil(deadline: number): boolean {
    for (;;) {
      if (this.#down) return true;
      if (this.#cursor === this.#count) {
        this.#buffers = this.native.take();
        this.#count = this.#records[0] as number;
        this.#cursor = 0;
        if (this.#count === 0) return true;
      }
      while (this.#cursor < this.#count && !this.#down) {
        const at = 1 + this.#cursor * RECORD_STRIDE;
        this.#cursor += 1;
        this.#deliver(at);
        if (this.#cursor % EVENTS_A_LOOK === 0 && performance.now() > deadline) return false;
      }
    }
  }

  #deliver(at: number): void {
    const records = this.#records;
    const type = records[at] as number;
    const id = records[at + 1] as number;
    const a = records[at + 2] as number;
    if (type === EventType.wait) {
      this.#deliverWait(a);
      return;
    }
    if (type === EventType.stdinWritten) {
      const callback = this.#writes.get(a);
      this.#writes.delete(a);
      callback?.((records[at + 3] as number) || null);
      return;
    }
    const execution = this.#executions.get(id);
    if (execution === undefined) return;
    const { callbacks } = execution;
    switch (type) {
      case EventType.output:
        execution.deliver(a as StreamNumber, this.#chunk(at));
        break;
      case EventType.started:
        execution.pid = a;
        callbacks.onStarted?.(a);
        break;
      case EventType.streamEnd:
        callbacks.onStreamEnd?.(a as StreamNumber);
        break;
      case EventType.stdinClosed:
        callbacks.onStdinClosed?.(a || null);
        break;
      case EventType.reaped:
        callbacks.onReaped?.(readOutcome(records, at));
        break;
      case EventType.exit:
        execution.info = readOutcome(records, at);
        this.#settle(execution);
        callbacks.onExit?.(execution.info);
        break;
      case EventType.startFailed:
        this.#startFailed(execution, a, records[at + 3] as number);
        break;
    }
  }

  #startFailed(execution: Execution, errno: number, stage: number): void {
    execution.startError = startError(execution, errno, stage);
    this.#settle(execution);
    execution.callbacks.onStartFailed?.(execution.startError);
  }

  /** The bytes of an output record. Small ones are copied into Node's pool: cheaper than a buffer made in C++. */
  #chunk(at: number): Buffer {
    const index = this.#records[at + 3] as number;
    const offset = this.#records[at + 4] as number;
    const length = this.#records[at + 5] as number;
    if (index < 0) {
      const chunk = Buffer.allocUnsafe(length);
      this.#smallBytes.copy(chunk, 0, offset, offset + length);
      return chunk;
    }
    const buffer = (this.#buffers as Buffer[])[index] as Buffer;
    return length === buffer.length ? buffer : buffer.subarray(offset, offset + length);
  }

  #deliverWait(token: number): void {
    const waiter = this.#waiters.get(token);
    if (waiter === undefined) return;
    this.#waiters.delete(token);
    this.#waiterGone(waiter);
    waiter.execution.answer(waiter.callback, false);
  }

  #waiterGone({ execution, late }: Waiter): void {
    if (!late) execution.openWaiters -= 1;
    if (late || (execution.settled && execution.openWaiters === 0)) this.#release();
  }

  #settle(execution: Execution): void {
    this.#executions.delete(execution.id);
    // Answers come after Exit, and maybe in another batch: until the last of them the event loop must not end.
    if (execution.openWaiters > 0) this.#retain();
    if (execution.referenced) this.#release();
    if (this.#executions.size === 0) this.#whenIdle?.();
  }
}
