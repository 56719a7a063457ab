/** So many taken ones are worth the move of those behind them. */
const COMPACT_AT = 1024;

/** First in, first out, in constant time. */
export class Fifo<T> {
  #items: T[] = [];
  #first = 0;

  get size(): number {
    return this.#items.length - this.#first;
  }

  get first(): T | undefined {
    return this.#items[this.#first];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    // Not to be kept from the garbage collector until the next move.
    this.#items[this.#first] = undefined as T;
    this.#first += 1;
    if (this.#first === this.#items.length) this.clear();
    else if (this.#first >= COMPACT_AT) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Lets go of the others, in the time that it takes to look at all. */
  keep(wanted: (item: T) => boolean): void {
    this.#items = this.#items.slice(this.#first).filter(wanted);
    this.#first = 0;
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
  }
}
