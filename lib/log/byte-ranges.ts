/** A set of byte offsets, as ranges. Nearly always one: whoever reads, reads on from where the last one was. */
export class ByteRanges {
  /** Start and end of each range, ascending; ranges neither touch nor overlap. */
  #bounds: number[] = [];

  add(start: number, end: number): void {
    if (start >= end) return;
    const bounds = this.#bounds;
    const last = bounds.length - 1;
    if (last > 0 && start >= (bounds[last - 1] as number) && start <= (bounds[last] as number)) {
      if (end > (bounds[last] as number)) bounds[last] = end;
      return;
    }
    let from = start;
    let to = end;
    const apart: number[] = [];
    for (let i = 0; i < bounds.length; i += 2) {
      const a = bounds[i] as number;
      const b = bounds[i + 1] as number;
      if (b < from || a > to) {
        apart.push(a, b);
      } else {
        from = Math.min(from, a);
        to = Math.max(to, b);
      }
    }
    const at = apart.findIndex((bound) => bound > to);
    apart.splice(at < 0 ? apart.length : at, 0, from, to);
    this.#bounds = apart;
  }

  /** How many offsets from `start` up to, without, `end` are in the set. */
  count(start: number, end: number): number {
    let sum = 0;
    for (let i = 0; i < this.#bounds.length; i += 2) {
      const a = Math.max(start, this.#bounds[i] as number);
      const b = Math.min(end, this.#bounds[i + 1] as number);
      if (a < b) sum += b - a;
    }
    return sum;
  }

  /** Nobody will ask for what lies wholly below `offset` again. */
  forget(offset: number): void {
    while (this.#bounds.length > 2 && (this.#bounds[1] as number) <= offset) this.#bounds.splice(0, 2);
  }
}
