/** What an iterator gives, one after the other. */
export interface PullSource<T> {
  /** The next value; undefined where there is none yet, or there is none any more. Throws what ends the iteration. */
  pull(): T | undefined;
  /** Nothing comes after what `pull` still gives. */
  readonly ended: boolean;
  /** The iteration is over, or has been left. Called once. */
  close(): void;
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/**
 * An async iterator over what comes now and then. `next` may be called again before the last one was answered, and
 * `return` at any time: who still waits is told that it is done.
 */
export class PullIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #source: PullSource<T>;
  #waiting: Waiting<T>[] = [];
  #done = false;
  #closed = false;
  #error: Error | undefined;

  constructor(source: PullSource<T>) {
    this.#source = source;
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

  /** There may be something to pull, or the source has ended. */
  wake(): void {
    try {
      while (this.#waiting.length > 0 && !this.#done) {
        if (this.#error !== undefined) throw this.#error;
        const value = this.#source.pull();
        if (value !== undefined) this.#waiting.shift()?.resolve({ done: false, value });
        else if (this.#source.ended) this.#finish();
        else return;
      }
    } catch (error) {
      this.#waiting.shift()?.reject(error);
      this.#finish();
    }
    if (this.#done) this.#finish();
  }

  /** Ends it with an error, for who waits or asks next. The source is closed now. */
  fail(error: Error): void {
    this.#error = error;
    this.wake();
    this.#close();
  }

  #finish(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#done = true;
    this.#close();
    for (const { resolve } of waiting) resolve({ done: true, value: undefined });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#source.close();
  }
}
