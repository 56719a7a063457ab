import type { Execution, StreamNumber } from '../engine/execution.js';
import { AttachedError, type LastbyteError } from '../errors.js';
import { ChunkQueue, type Sequence } from './chunk-queue.js';
import { Listeners } from './listeners.js';

/** Who reads a stream. */
export interface Consumer {
  /** Takes each chunk as it arrives. Without it, chunks wait until they are taken with `output.take()`. */
  accept?(chunk: Buffer): void;
  /** There may be something to take, or the stream has ended. Called once at the beginning, too. */
  wake(): void;
}

/** The execution that a stream belongs to. */
export interface OutputOwner extends Sequence {
  readonly id: string;
  readonly execution: Pick<Execution, 'consumed' | 'cancel'>;
  /** Somebody waits for the end: what nobody reads must not hold the child back. */
  readonly draining: boolean;
}

export type ChunkListener = (chunk: Buffer, seq: number) => void;

/**
 * One output stream. Chunks go to who reads it; without a reader they are held, and with them the pump's credit, so that
 * the child has to wait; when the execution drains, the newest `retainBytes` are kept and the rest is counted.
 */
export class Output {
  readonly name: 'stdout' | 'stderr';
  readonly listeners = new Listeners<[Buffer, number]>();
  /** Bytes that came from the child and that nobody will ever get. */
  dropped = 0;
  ended = false;
  /** Why it ended, where that was not the end of the pipe. */
  error: LastbyteError | undefined;
  readonly #owner: OutputOwner;
  readonly #number: StreamNumber;
  readonly #retainBytes: number;
  readonly #queue = new ChunkQueue();
  /** How many of the queue's newest bytes the pump has not got its credit back for. */
  #owed = 0;
  #consumer: Consumer | undefined;
  #cancelled = false;

  constructor(owner: OutputOwner, number: StreamNumber, retainBytes: number) {
    this.name = number === 1 ? 'stdout' : 'stderr';
    this.#owner = owner;
    this.#number = number;
    this.#retainBytes = retainBytes;
  }

  /** The number of the oldest chunk that listeners wait for; Infinity where there is none. */
  get backlogSeq(): number {
    return this.listeners.size > 0 ? this.#queue.headSeq : Number.POSITIVE_INFINITY;
  }

  /** Gives the stream to its one reader. Throws AttachedError where it has one, or has had one. */
  attach(consumer: Consumer): void {
    if (this.#consumer !== undefined || this.listeners.size > 0) throw this.#attached();
    this.#consumer = consumer;
    consumer.wake();
  }

  /** Adds a listener; they all get each chunk. Beside a reader that takes chunks as they come they may watch. */
  listen(listener: ChunkListener, once: boolean): void {
    if (this.#consumer !== undefined && this.#consumer.accept === undefined) throw this.#attached();
    this.listeners.add(listener, once);
  }

  receive(chunk: Buffer): void {
    if (this.#cancelled) {
      this.dropped += chunk.length;
    } else if (this.#consumer?.accept !== undefined || this.listeners.size > 0) {
      this.#owner.seq += 1;
      this.#hand(chunk, this.#owner.seq);
      this.#owner.execution.consumed(this.#number, chunk.length);
    } else {
      this.#queue.add(chunk, this.#owner);
      this.#owed += chunk.length;
      if (this.#consumer !== undefined) this.#consumer.wake();
      else if (this.#owner.draining) this.drain();
    }
  }

  /** The oldest chunk that waits, now the caller's; undefined where there is none. */
  take(): Buffer | undefined {
    const chunk = this.#queue.shift();
    this.#settleCredit();
    return chunk;
  }

  /** Hands the oldest chunk that waits to the listeners. */
  catchUp(): void {
    const seq = this.#queue.headSeq;
    const chunk = this.take();
    if (chunk !== undefined) this.#hand(chunk, seq);
  }

  /** Where nobody reads: keeps the newest bytes only, and lets the child go on. */
  drain(): void {
    if (this.#consumer !== undefined || this.listeners.size > 0) return;
    this.dropped += this.#queue.trim(this.#retainBytes);
    this.#settleCredit(0);
  }

  end(error?: LastbyteError): void {
    if (this.ended) return;
    this.ended = true;
    this.error = error;
    this.#consumer?.wake();
  }

  /** The reader wants no more: the pipe is closed, and who writes there gets EPIPE. */
  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.dropped += this.#queue.bytes;
    this.#queue.clear();
    if (!this.ended) this.#owner.execution.cancel(this.#number);
    this.end();
  }

  #hand(chunk: Buffer, seq: number): void {
    this.#consumer?.accept?.(chunk);
    if (this.listeners.size > 0) this.listeners.emit(chunk, seq);
  }

  #settleCredit(owed = Math.min(this.#owed, this.#queue.bytes)): void {
    const returned = this.#owed - owed;
    this.#owed = owed;
    if (returned > 0 && !this.ended) this.#owner.execution.consumed(this.#number, returned);
  }

  #attached(): AttachedError {
    const state = this.ended && this.#queue.bytes === 0 ? 'has already been read' : 'is already being read';
    return new AttachedError(`${this.name} ${state}`, { id: this.#owner.id });
  }
}
