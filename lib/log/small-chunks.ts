/** Chunks shorter than this are joined while nobody has seen them: one Buffer costs more than 100 bytes by itself. */
const SMALL_BYTES = 4096;
const JOINED_BYTES = 64 * 1024;

/** Joins small chunks in memory of its own, without copying what is already there. */
export class SmallChunks {
  /** In which the newest joined chunk lies. */
  #block: Buffer | undefined;

  static fits(newest: Buffer, chunk: Buffer): boolean {
    return chunk.length < SMALL_BYTES && newest.length + chunk.length <= JOINED_BYTES;
  }

  /** Both, one after the other. Whatever was made of `newest` before stays as it is. */
  join(newest: Buffer, chunk: Buffer): Buffer {
    const length = newest.length + chunk.length;
    const block = this.#block;
    let start = block !== undefined && newest.buffer === block.buffer ? newest.byteOffset - block.byteOffset : -1;
    let into = block as Buffer;
    if (start < 0 || start + length > into.length) {
      into = Buffer.allocUnsafeSlow(Math.max(SMALL_BYTES, 2 * length));
      newest.copy(into);
      this.#block = into;
      start = 0;
    }
    chunk.copy(into, start + newest.length);
    return into.subarray(start, start + length);
  }
}
