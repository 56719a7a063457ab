import { expect } from 'vitest';
import { pattern } from './pattern.js';

type Name = 'stdout' | 'stderr';
export const names = ['stdout', 'stderr'] as const;

/** A reader's place in one stream, and whether the log must keep what lies behind it. */
export interface Place {
  offset: number;
  readonly lossless: boolean;
}

/** What the log must hold of one stream, by counting bytes one by one. */
class StreamModel {
  length = 0;
  /** All before this one has gone. */
  head = 0;
  credit = 0;
  dropped = 0;
  readonly places = new Set<Place>();
  /** A chunk has come, and those who wait are getting it. */
  #passing = false;
  readonly #number: 1 | 2;
  #retainBytes: number;
  #given = new Uint8Array(1024);

  constructor(number: 1 | 2, retainBytes: number) {
    this.#number = number;
    this.#retainBytes = retainBytes;
  }

  append(length: number): Buffer {
    this.length += length;
    while (this.#given.length < this.length) {
      const larger = new Uint8Array(2 * this.#given.length);
      larger.set(this.#given);
      this.#given = larger;
    }
    this.#passing = true;
    return pattern(length, this.length - length, this.#number);
  }

  moved(): void {
    if (!this.#passing) this.settle();
  }

  settle(): void {
    this.#passing = false;
    const held = [...this.places].filter(({ lossless }) => lossless).map(({ offset }) => offset);
    const floor = Math.min(this.length, ...held);
    const head = Math.max(this.head, Math.min(this.length - this.#retainBytes, floor));
    for (; this.head < head; this.head++) if (this.#given[this.head] === 0) this.dropped += 1;
    this.credit = Math.max(this.credit, floor);
  }

  /** What goes by this doesn't count as dropped. */
  evict(): void {
    const { dropped } = this;
    this.#retainBytes = 0;
    this.settle();
    this.dropped = dropped;
  }

  /** Somebody at this place got these bytes. */
  take(place: Place, data: Buffer): void {
    const { offset } = place;
    expect(data.equals(pattern(data.length, offset, this.#number))).toBe(true);
    expect(data.length).toBeGreaterThan(0);
    expect(offset).toBeGreaterThanOrEqual(this.head);
    place.offset += data.length;
    this.#given.fill(1, offset, place.offset);
    this.moved();
  }
}

/** What an event log must know after what has happened so far. */
export class LogModel {
  readonly stdout: StreamModel;
  readonly stderr: StreamModel;
  /** How many bytes of each stream had come up to each event. */
  readonly #ends: Record<Name, number>[] = [{ stdout: 0, stderr: 0 }];

  constructor(retainBytes: number) {
    this.stdout = new StreamModel(1, retainBytes);
    this.stderr = new StreamModel(2, retainBytes);
  }

  /** Something happened, after which this is the number of the newest event. */
  happened(seq: number): void {
    // Small chunks that nobody has seen share a number: it is the only one that may come again, and the newest.
    expect([this.#ends.length - 1, this.#ends.length]).toContain(seq);
    this.#ends[seq] = { stdout: this.stdout.length, stderr: this.stderr.length };
  }

  ends(seq: number): Record<Name, number> {
    return this.#ends[seq] as Record<Name, number>;
  }
}
