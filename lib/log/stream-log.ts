import type { Execution, StreamNumber } from '../engine/execution.js';
import type { LastbyteError } from '../errors.js';
import { ByteRanges } from './byte-ranges.js';
import { DroppedEvents } from './dropped-events.js';
import { SmallChunks } from './small-chunks.js';

/** What a stream needs of the log that it belongs to. */
export interface StreamOwner {
  /** The number of the newest event: 1, 2, 3 … over output, reaped and exit. */
  seq: number;
  /** The newest event that anybody has been given, or stands behind: it must not change any more. */
  sealed: number;
  readonly execution: Pick<Execution, 'consumed' | 'cancel'>;
}

/** One output event that is kept. */
export interface Entry {
  /** What is kept of it: its end, where retention has cut the beginning off. */
  data: Buffer;
  readonly seq: number;
  /** The offset in the stream at which it ends. */
  end: number;
}

/** A reader's place in a stream. */
export interface Cursor {
  /** How many bytes of the stream lie behind it. */
  offset: number;
  /** Where to begin looking, as the number of an entry; only ever too small. */
  entry: number;
}

const GONE: Entry = { data: Buffer.alloc(0), seq: 0, end: 0 };
const NOBODY: readonly never[] = [];
/** Never added to. */
const NONE: Entry[] = [];
/** So many dropped entries are worth the move of those behind them. */
const COMPACT_AT = 1024;

/**
 * The bytes of one output stream, by reference: the newest `retainBytes` for who comes later, and whatever a reader who
 * holds its place has not read yet. The pump gets its credit back for what no holder still has to read: that is what slows
 * a child down to its slowest lossless reader.
 */
export class StreamLog {
  readonly name: 'stdout' | 'stderr';
  readonly number: StreamNumber;
  retainBytes: number;
  /** The offset of the oldest byte that is kept. */
  head = 0;
  /** How many bytes have come. */
  end = 0;
  /** Bytes that nobody was given before they went. */
  dropped = 0;
  /** Somebody takes everything as it comes. */
  sunk = false;
  ended = false;
  /** Why it ended, where that was not the end of the pipe. */
  error: LastbyteError | undefined;
  readonly #owner: StreamOwner;
  #entries: Entry[] = NONE;
  /** Index of the oldest entry, and the number of entry 0 of the array. */
  #first = 0;
  #base = 0;
  #holders: readonly Cursor[] = NOBODY;
  #credited = 0;
  /** What somebody has got. */
  #given: ByteRanges | undefined;
  #gone: DroppedEvents | undefined;
  #small: SmallChunks | undefined;
  #refused = false;
  /** Between `append` and `settle`. */
  #passing = false;

  constructor(owner: StreamOwner, number: StreamNumber, retainBytes: number) {
    this.name = number === 1 ? 'stdout' : 'stderr';
    this.number = number;
    this.retainBytes = retainBytes;
    this.#owner = owner;
  }

  /** Bytes that are kept. */
  get kept(): number {
    return this.end - this.head;
  }

  /** Somebody beside this one holds a place. */
  heldBeside(cursor: Cursor): boolean {
    return this.#holders.some((holder) => holder !== cursor);
  }

  /** Memory that is kept from being freed, in bytes, roughly. */
  get cost(): number {
    let cost = 0;
    let memory: ArrayBufferLike | undefined;
    for (let i = this.#first; i < this.#entries.length; i++) {
      const { data } = this.#entries[i] as Entry;
      cost += 256;
      // Shorter ones lie in Node's pool, which many share.
      if (data.length < 4096) cost += data.length;
      else if (data.buffer !== memory) cost += data.buffer.byteLength;
      memory = data.buffer;
    }
    return cost;
  }

  /** Takes a chunk from the pump. To be followed by `settle`, when who is to get it at once has got it. */
  append(data: Buffer): void {
    this.#passing = true;
    this.end += data.length;
    if (this.#refused) this.#drop(this.end - data.length, this.end);
    if (this.#join(data)) return;
    this.#owner.seq += 1;
    const entry: Entry = { data, seq: this.#owner.seq, end: this.end };
    // An array that begins empty makes room for 17, and most streams have one chunk.
    if (this.#entries === NONE) this.#entries = [entry];
    else this.#entries.push(entry);
  }

  /** Lets go of what is beyond retention, and gives the pump its credit back, as far as no holder stands before it. */
  settle(): void {
    this.#passing = false;
    let floor = this.end;
    for (const { offset } of this.#holders) if (offset < floor) floor = offset;
    const excess = Math.min(this.end - this.head - this.retainBytes, floor - this.head);
    if (excess > 0) this.#trim(excess);
    if (floor > this.#credited) {
      const credit = floor - this.#credited;
      this.#credited = floor;
      if (!this.ended) this.#owner.execution.consumed(this.number, credit);
    }
  }

  /** Somebody has come to another place, or has gone. While a chunk is passed on, others are still to get it. */
  moved(): void {
    if (!this.#passing) this.settle();
  }

  /** From now on nothing that lies behind the cursor and is still there is let go. */
  hold(cursor: Cursor): void {
    this.#holders = [...this.#holders, cursor];
  }

  release(cursor: Cursor): void {
    if (!this.#holders.includes(cursor)) return;
    this.#holders = this.#holders.filter((holder) => holder !== cursor);
    this.moved();
  }

  /** How many bytes the log has let go that this cursor had not come to. */
  missed(cursor: Cursor): number {
    return Math.max(0, this.head - cursor.offset);
  }

  /** The number of the event that comes next; Infinity where there is none yet. */
  nextSeq(cursor: Cursor): number {
    return this.#entryAt(cursor)?.seq ?? Number.POSITIVE_INFINITY;
  }

  /** How many bytes of the event that comes next are still to be taken; 0 where there is none yet. */
  nextBytes(cursor: Cursor): number {
    const entry = this.#entryAt(cursor);
    return entry === undefined ? 0 : entry.end - cursor.offset;
  }

  /** What comes next, for somebody to have; undefined where there is nothing yet. */
  take(cursor: Cursor): Buffer | undefined {
    const entry = this.#entryAt(cursor);
    if (entry === undefined) return undefined;
    const { data, end, seq } = entry;
    const rest = end - cursor.offset;
    if (seq > this.#owner.sealed) this.#owner.sealed = seq;
    this.given(cursor.offset, end);
    cursor.offset = end;
    return rest === data.length ? data : data.subarray(data.length - rest);
  }

  /** Somebody has got the bytes from `start` up to, without, `end`. */
  given(start: number, end: number): void {
    this.#given ??= new ByteRanges();
    this.#given.add(start, end);
  }

  /** The reader wants no more: the pipe is closed, who writes there gets EPIPE, and what still comes is dropped. */
  refuse(cursor: Cursor): void {
    if (this.#refused) return;
    this.#refused = true;
    this.#drop(Math.max(cursor.offset, this.head), this.end);
    if (!this.ended) this.#owner.execution.cancel(this.number);
  }

  /** A cursor behind event `seq`, which doesn't grow any more; undefined where the log no longer knows where that was. */
  cursorAfter(seq: number): Cursor | undefined {
    const offset = this.offsetAfter(seq);
    if (seq > this.#owner.sealed) this.#owner.sealed = seq;
    return offset === undefined ? undefined : { offset, entry: this.#base + this.#indexAfter(seq) };
  }

  /** How many bytes came up to event `seq`; undefined where the log no longer knows. */
  offsetAfter(seq: number): number | undefined {
    const index = this.#indexAfter(seq);
    if (index > this.#first) return (this.#entries[index - 1] as Entry).end;
    return this.#gone === undefined ? 0 : this.#gone.offsetAfter(seq);
  }

  /** Forgets everything that no holder still has to read. `unread`: nobody has ever begun to read the log. */
  evict(unread: boolean): void {
    this.retainBytes = 0;
    if (unread && this.#holders.length === 0) {
      this.#entries = NONE;
      this.#first = 0;
      this.head = this.end;
      return;
    }
    const { dropped } = this;
    this.settle();
    this.dropped = dropped;
  }

  /** The index of the first entry with a larger number. */
  #indexAfter(seq: number): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as Entry).seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #entryAt(cursor: Cursor): Entry | undefined {
    if (cursor.offset < this.head) cursor.offset = this.head;
    if (cursor.offset >= this.end) return undefined;
    let index = Math.max(cursor.entry - this.#base, this.#first);
    while ((this.#entries[index] as Entry).end <= cursor.offset) index += 1;
    cursor.entry = this.#base + index;
    return this.#entries[index];
  }

  /** Appends a small chunk to the newest event, where nobody has seen that yet and no other came between the two. */
  #join(data: Buffer): boolean {
    // A look before the beginning of an array is slow.
    const { length } = this.#entries;
    if (length === 0) return false;
    const entry = this.#entries[length - 1] as Entry;
    const { seq, sealed } = this.#owner;
    if (entry.seq !== seq || seq <= sealed || !SmallChunks.fits(entry.data, data)) return false;
    this.#small ??= new SmallChunks();
    entry.data = this.#small.join(entry.data, data);
    entry.end = this.end;
    return true;
  }

  #trim(bytes: number): void {
    const start = this.head;
    const head = start + bytes;
    for (;;) {
      const entry = this.#entries[this.#first];
      if (entry === undefined || entry.end > head) {
        const cut = entry === undefined ? 0 : entry.data.length - (entry.end - head);
        if (entry !== undefined && cut > 0) entry.data = entry.data.subarray(cut);
        break;
      }
      this.#gone ??= new DroppedEvents();
      this.#gone.add(entry.seq, entry.end);
      this.#entries[this.#first] = GONE;
      this.#first += 1;
    }
    this.head = head;
    if (!this.sunk) this.dropped += bytes - (this.#given?.count(start, head) ?? 0);
    this.#given?.forget(head);
    if (this.#first === this.#entries.length) this.#shorten();
    else if (this.#first >= COMPACT_AT) this.#shorten();
  }

  #shorten(): void {
    this.#base += this.#first;
    this.#entries.splice(0, this.#first);
    this.#first = 0;
  }

  /** Counts bytes that nobody has had or wants. They are kept as others are, and not counted again when they go. */
  #drop(start: number, end: number): void {
    this.dropped += end - start - (this.#given?.count(start, end) ?? 0);
    this.given(start, end);
  }
}
