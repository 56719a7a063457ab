/** Where an execution's sequence numbers come from: 1, 2, 3 … over output, reaped and exit. */
export interface Sequence {
  /** The last one that was given out. */
  seq: number;
}

/** Chunks shorter than this are joined while they wait: one Buffer costs more than 100 bytes besides its content. */
const SMALL_BYTES = 4096;
const JOINED_BYTES = 64 * 1024;

/** Bytes of one stream that nobody has taken yet, oldest first, with the sequence number of each chunk. */
export class ChunkQueue {
  bytes = 0;
  #chunks: Buffer[] = [];
  #seqs: number[] = [];
  #head = 0;
  /** Our own memory, in which the newest chunk lies; undefined where that is still the engine's. */
  #block: Buffer | undefined;

  /** The number of the oldest chunk; Infinity where there is none. */
  get headSeq(): number {
    return this.#seqs[this.#head] ?? Number.POSITIVE_INFINITY;
  }

  add(chunk: Buffer, sequence: Sequence): void {
    this.bytes += chunk.length;
    if (this.#join(chunk, sequence)) return;
    sequence.seq += 1;
    this.#chunks.push(chunk);
    this.#seqs.push(sequence.seq);
    this.#block = undefined;
  }

  shift(): Buffer | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    this.bytes -= chunk.length;
    this.#head += 1;
    if (this.#head === this.#chunks.length) this.clear();
    else if (this.#head >= 1024) this.#compact();
    return chunk;
  }

  /** Throws away the oldest bytes until at most `bytes` are left, and returns how many those were. */
  trim(bytes: number): number {
    const excess = this.bytes - bytes;
    if (excess <= 0) return 0;
    let left = excess;
    for (;;) {
      const chunk = this.#chunks[this.#head];
      if (chunk === undefined || left === 0) return excess;
      if (chunk.length > left) {
        this.#chunks[this.#head] = chunk.subarray(left);
        this.bytes -= left;
        return excess;
      }
      left -= chunk.length;
      this.shift();
    }
  }

  clear(): void {
    this.bytes = 0;
    this.#chunks = [];
    this.#seqs = [];
    this.#head = 0;
    this.#block = undefined;
  }

  /**
   * Appends a small chunk to the newest one. Nobody has seen that one yet, and no other event came between the two, so
   * the pair can be one event with one number.
   */
  #join(chunk: Buffer, sequence: Sequence): boolean {
    const last = this.#chunks.length - 1;
    const newest = this.#chunks[last];
    if (newest === undefined || chunk.length >= SMALL_BYTES || this.#seqs[last] !== sequence.seq) return false;
    const length = newest.length + chunk.length;
    if (length > JOINED_BYTES) return false;
    let start = this.#block === undefined ? 0 : newest.byteOffset - this.#block.byteOffset;
    if (this.#block === undefined || start + length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(Math.max(SMALL_BYTES, 2 * length));
      newest.copy(this.#block);
      start = 0;
    }
    chunk.copy(this.#block, start + newest.length);
    this.#chunks[last] = this.#block.subarray(start, start + length);
    return true;
  }

  #compact(): void {
    this.#chunks.splice(0, this.#head);
    this.#seqs.splice(0, this.#head);
    this.#head = 0;
  }
}
