/** What can be in a list: in one at a time. */
export interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
}

/**
 * A list that anything in it can leave at once. The links are in the items: a table of them, when it has grown or been
 * cleaned, is old garbage that keeps them from the young-generation collector, and that costs more than all the rest.
 */
export class LinkedList<T extends Linked<T>> implements Iterable<T> {
  size = 0;
  first: T | undefined;
  #last: T | undefined;

  push(item: T): void {
    item.previous = this.#last;
    item.next = undefined;
    if (this.#last === undefined) this.first = item;
    else this.#last.next = item;
    this.#last = item;
    this.size += 1;
  }

  /** It must be in this list. */
  delete(item: T): void {
    const { previous, next } = item;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // What has left must not lead to those that come later: it may be old by then.
    item.previous = undefined;
    item.next = undefined;
    this.size -= 1;
  }

  clear(): void {
    for (const item of this) this.delete(item);
  }

  /** The one that is given may leave the list meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    let item = this.first;
    while (item !== undefined) {
      const { next } = item;
      yield item;
      item = next;
    }
  }
}
