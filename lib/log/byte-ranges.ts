/** A set of byte offsets, as ranges. Nearly always one from the beginning: whoever reads, reads on from the last place. */
export class ByteRanges {
  /** All offsets below this one are in the set. */
  #prefix = 0;
  /** Start and end of each other range, ascending; ranges neither touch nor overlap. */
  #bounds: number[] | undefined;

  add(start: number, end: number): void {
    if (start <= this.#prefix && this.#bounds === undefined) {
      if (end > this.#prefix) this.#prefix = end;
    } else if (start < end) {
      this.#insert(start, end);
    }
  }

  /** How many offsets from `start` up to, without, `end` are in the set. */
  count(start: number, end: number): number {
    let sum = Math.max(0, Math.min(end, this.#prefix) - start);
    const bounds = this.#bounds ?? [];
    for (let i = 0; i < bounds.length; i += 2) {
      const a = Math.max(start, bounds[i] as number);
      const b = Math.min(end, bounds[i + 1] as number);
      if (a < b) sum += b - a;
    }
    return sum;
  }

  /** Nobody will ask for what lies below `offset` again. */
  forget(offset: number): void {
    if (this.#bounds !== undefined && offset > this.#prefix) this.#insert(0, offset);
  }

  #insert(start: number, end: number): void {
    let from = start;
    let to = end;
    const apart: number[] = [];
    const bounds = [0, this.#prefix, ...(this.#bounds ?? [])];
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
    this.#prefix = apart[0] === 0 ? (apart[1] as number) : 0;
    const others = apart[0] === 0 ? apart.slice(2) : apart;
    this.#bounds = others.length === 0 ? undefined : others;
  }
}
