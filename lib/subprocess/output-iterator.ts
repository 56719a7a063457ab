import type { Consumer, Output } from './output.js';

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/**
 * Reads an output stream as an async iterator. `next` may be called again before the last one was answered, and
 * `return` at any time: it closes the stream, and who still waits is told that it is done.
 */
export class OutputIterator<T> implements AsyncIterableIterator<T, undefined>, Consumer {
  readonly #output: Output;
  readonly #pull: () => T | undefined;
  #waiting: Waiting<T>[] = [];
  #done = false;

  /** `pull` makes the next value out of what the output holds; undefined where it needs more, or there is no more. */
  constructor(output: Output, pull: () => T | undefined) {
    this.#output = output;
    this.#pull = pull;
    output.attach(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.wake();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  wake(): void {
    try {
      while (this.#waiting.length > 0 && !this.#done) {
        const value = this.#pull();
        if (value !== undefined) this.#waiting.shift()?.resolve({ done: false, value });
        else if (!this.#output.ended) return;
        else if (this.#output.error !== undefined) throw this.#output.error;
        else this.#finish();
      }
    } catch (error) {
      this.#waiting.shift()?.reject(error);
      this.#finish();
    }
    if (this.#done) this.#finish();
  }

  #finish(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (!this.#done) {
      this.#done = true;
      this.#output.cancel();
    }
    for (const { resolve } of waiting) resolve({ done: true, value: undefined });
  }
}
