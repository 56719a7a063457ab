/** So many dropped events of a stream are remembered, 16 bytes each; when there are more, the older half is forgotten. */
const MOST = 65_536;

/**
 * Where in its stream each dropped event ended, so that a reader who comes with a number from long ago can be told exactly
 * how many bytes are missing. What lies before the newest ones, at least 32,768, is known for the very beginning only.
 */
export class DroppedEvents {
  #seqs: number[] = [];
  #ends: number[] = [];
  #forgot = false;

  add(seq: number, end: number): void {
    if (this.#seqs.length === MOST) {
      this.#seqs.splice(0, MOST / 2);
      this.#ends.splice(0, MOST / 2);
      this.#forgot = true;
    }
    this.#seqs.push(seq);
    this.#ends.push(end);
  }

  /** How many bytes of the stream came up to event `seq`; undefined where that is no longer known. */
  offsetAfter(seq: number): number | undefined {
    if (seq === 0) return 0;
    let low = 0;
    let high = this.#seqs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#seqs[middle] as number) <= seq) low = middle + 1;
      else high = middle;
    }
    if (low > 0) return this.#ends[low - 1];
    return this.#forgot ? undefined : 0;
  }
}
