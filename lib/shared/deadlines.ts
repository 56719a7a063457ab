/** Something that happens at a time unless it is called off. */
export interface Deadline {
  /** On the clock of `performance.now()`. */
  readonly at: number;
  readonly reached: () => void;
  /** Its place in the heap; -1 where it isn't there any more. */
  place: number;
}

/** setTimeout(3) of Node takes no more. */
const LONGEST_MS = 2 ** 31 - 1;

/** Any number of deadlines with one timer, which doesn't keep the event loop alive. */
export class Deadlines {
  /** A binary heap: the earliest is first. */
  readonly #heap: Deadline[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#heap.length;
  }

  add(afterMs: number, reached: () => void): Deadline {
    const deadline: Deadline = { at: performance.now() + afterMs, reached, place: this.#heap.length };
    this.#heap.push(deadline);
    this.#up(deadline);
    this.#arm();
    return deadline;
  }

  delete(deadline: Deadline): void {
    const { place } = deadline;
    if (place < 0) return;
    deadline.place = -1;
    const last = this.#heap.pop() as Deadline;
    if (last === deadline) return;
    this.#put(last, place);
    this.#up(last);
    this.#down(last);
  }

  clear(): void {
    for (const deadline of this.#heap) deadline.place = -1;
    this.#heap.length = 0;
    clearTimeout(this.#timer);
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    const first = this.#heap[0];
    // A timer that comes too early finds nothing and is set again: cheaper than to move it for each one that is called off.
    if (first === undefined || first.at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = first.at;
    const delay = Math.min(Math.max(1, Math.ceil(first.at - performance.now())), LONGEST_MS);
    this.#timer = setTimeout(() => this.#expire(), delay).unref();
  }

  #expire(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    try {
      for (;;) {
        const first = this.#heap[0];
        if (first === undefined || first.at > performance.now()) return;
        this.delete(first);
        first.reached();
      }
    } finally {
      this.#arm();
    }
  }

  #put(deadline: Deadline, place: number): void {
    this.#heap[place] = deadline;
    deadline.place = place;
  }

  #up(deadline: Deadline): void {
    for (;;) {
      const { place } = deadline;
      const above = (place - 1) >> 1;
      const other = this.#heap[above];
      if (place === 0 || other === undefined || other.at <= deadline.at) return;
      this.#put(other, place);
      this.#put(deadline, above);
    }
  }

  #down(deadline: Deadline): void {
    for (;;) {
      const { place } = deadline;
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const other = right !== undefined && right.at < (left as Deadline).at ? right : left;
      if (other === undefined || other.at >= deadline.at) return;
      const below = other.place;
      this.#put(other, place);
      this.#put(deadline, below);
    }
  }
}

/** This thread's. */
export const deadlines = new Deadlines();
