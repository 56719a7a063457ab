import { AttachedError, type LastbyteError } from '../errors.js';
import type { Cursor, StreamLog } from '../log/stream-log.js';
import { Listeners } from './listeners.js';

/** Who reads a stream. */
export interface Consumer {
  /** Takes each chunk as it arrives. Without it, chunks wait until they are taken with `output.take()`. */
  accept?(chunk: Buffer): void;
  /** There may be something to take, or the stream has ended. Called once at the beginning, too. */
  wake(): void;
}

export type ChunkListener = (chunk: Buffer, seq: number) => void;

/** The handle that an output belongs to. */
export interface OutputOwner {
  readonly id: string;
  /**
   * `spawn`: the streams wait for this handle, and leaving one closes the pipe. `run`: the command's own reader has them,
   * others may only listen.
   */
  readonly role: 'spawn' | 'run' | 'attach';
  /** Somebody waits for the end: what nobody reads must not hold the child back. */
  readonly draining: boolean;
  /** Why nobody can begin to read. */
  readonly evicted: LastbyteError | undefined;
  missed(stream: 'stdout' | 'stderr', bytes: number): void;
}

/**
 * One output stream, as one handle reads it: by one consumer, or by listeners. While there is one, the log keeps what it
 * has not come to, and with it the pump's credit, so that the child has to wait. The handle that started the execution
 * holds its place even before, until the execution drains.
 */
export class Output {
  readonly stream: StreamLog;
  readonly #owner: OutputOwner;
  readonly #cursor: Cursor;
  #listeners: Listeners<[Buffer, number]> | undefined;
  #consumer: Consumer | undefined;
  #holding = false;
  /** It was left, or the handle was detached. */
  #stopped = false;
  #error: LastbyteError | undefined;

  constructor(owner: OutputOwner, stream: StreamLog, cursor: Cursor) {
    this.stream = stream;
    this.#owner = owner;
    this.#cursor = cursor;
    this.#settleHold();
  }

  get name(): 'stdout' | 'stderr' {
    return this.stream.name;
  }

  /** Nothing more comes than what waits to be taken. */
  get ended(): boolean {
    return this.#stopped || this.stream.ended;
  }

  /** Why it ended, where that was not the end of the pipe. */
  get error(): LastbyteError | undefined {
    return this.#error ?? (this.#stopped ? undefined : this.stream.error);
  }

  /** The number of the chunk that is to be passed on next; Infinity where there is none. */
  get pushSeq(): number {
    return this.#pushes && !this.#stopped ? this.stream.nextSeq(this.#cursor) : Number.POSITIVE_INFINITY;
  }

  get #pushes(): boolean {
    return this.#consumer?.accept !== undefined || (this.#listeners?.size ?? 0) > 0;
  }

  /** Gives the stream to its one reader. Throws AttachedError where it has one, or has had one; EvictedError. */
  attach(consumer: Consumer): void {
    const taken = this.#owner.role === 'run' || this.#consumer !== undefined || (this.#listeners?.size ?? 0) > 0;
    if (taken) throw this.#attached();
    this.#assertReadable();
    this.#consumer = consumer;
    this.#settleHold();
    consumer.wake();
  }

  /** Adds a listener; they all get each chunk. Beside a reader that takes chunks as they come they may watch. */
  listen(listener: ChunkListener, once: boolean): void {
    if (this.#consumer !== undefined && this.#consumer.accept === undefined) throw this.#attached();
    this.#assertReadable();
    this.#listeners ??= new Listeners();
    this.#listeners.add(listener, once);
    this.#settleHold();
  }

  unlisten(listener: ChunkListener): void {
    this.#listeners?.remove(listener);
    this.#settleHold();
  }

  /** The oldest chunk that waits, now the caller's; undefined where there is none. */
  take(): Buffer | undefined {
    if (this.#stopped) return undefined;
    const missed = this.stream.missed(this.#cursor);
    if (missed > 0) this.#owner.missed(this.name, missed);
    const chunk = this.stream.take(this.#cursor);
    if (chunk !== undefined) this.stream.moved();
    return chunk;
  }

  /** Passes the oldest chunk that waits on to who wants chunks as they come. */
  push(): void {
    const seq = this.stream.nextSeq(this.#cursor);
    const chunk = this.take();
    if (chunk === undefined) return;
    this.#consumer?.accept?.(chunk);
    this.#listeners?.emit(chunk, seq);
    this.#settleHold();
  }

  wake(): void {
    if (!this.#stopped) this.#consumer?.wake();
  }

  /** Where nobody reads: lets the child go on. */
  drain(): void {
    this.#settleHold();
  }

  /** The reader wants no more. Where nobody else reads, the pipe is closed, and who writes there gets EPIPE. */
  cancel(): void {
    if (this.#stopped) return;
    const others = this.stream.heldBeside(this.#cursor);
    this.#stop();
    if (this.#owner.role === 'spawn' && !others) this.stream.refuse(this.#cursor);
    this.#consumer?.wake();
  }

  /** The handle goes; readers are told why. */
  detach(error: LastbyteError): void {
    if (this.#stopped) return;
    this.#error = error;
    this.#stop();
    this.#listeners = undefined;
    this.#consumer?.wake();
  }

  #stop(): void {
    this.#stopped = true;
    this.#settleHold();
  }

  #settleHold(): void {
    const waits = this.#owner.role === 'spawn' && !this.#owner.draining;
    const holding = !this.#stopped && (waits || this.#consumer !== undefined || (this.#listeners?.size ?? 0) > 0);
    if (holding === this.#holding) return;
    this.#holding = holding;
    if (!holding) {
      this.stream.release(this.#cursor);
      return;
    }
    const missed = this.stream.missed(this.#cursor);
    this.#cursor.offset += missed;
    this.stream.hold(this.#cursor);
    if (missed > 0) this.#owner.missed(this.name, missed);
  }

  #assertReadable(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#holding) return;
    const { evicted } = this.#owner;
    if (evicted !== undefined) throw evicted;
  }

  #attached(): AttachedError {
    const state =
      this.ended && this.stream.nextBytes(this.#cursor) === 0 ? 'has already been read' : 'is already being read';
    return new AttachedError(`${this.name} ${state}`, { id: this.#owner.id });
  }
}
