import { AsyncResource } from 'node:async_hooks';

interface Entry<Args extends unknown[]> {
  readonly listener: (...args: Args) => void;
  /** The async context that it was registered in: events come from the engine, which has none. */
  readonly context: AsyncResource;
  readonly once: boolean;
}

const NONE: readonly never[] = [];

/** The listeners of one event. One that throws doesn't keep the others from being called. */
export class Listeners<Args extends unknown[]> {
  #entries: readonly Entry<Args>[] = NONE;

  get size(): number {
    return this.#entries.length;
  }

  add(listener: (...args: Args) => void, once: boolean): void {
    this.#entries = [...this.#entries, { listener, context: new AsyncResource('LASTBYTE_LISTENER'), once }];
  }

  /** Takes the newest registration of this listener back. */
  remove(listener: (...args: Args) => void): void {
    const index = this.#entries.findLastIndex((entry) => entry.listener === listener);
    if (index >= 0) this.#entries = this.#entries.toSpliced(index, 1);
  }

  emit(...args: Args): void {
    for (const entry of this.#entries) {
      if (entry.once) this.#entries = this.#entries.filter((other) => other !== entry);
      try {
        entry.context.runInAsyncScope(entry.listener, undefined, ...args);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  /** For an event that comes only once: calls and forgets who is registered now. */
  emitLast(...args: Args): void {
    const last = new Listeners<Args>();
    last.#entries = this.#entries;
    this.#entries = NONE;
    last.emit(...args);
  }
}

/** To `uncaughtException`, from where nothing else is interrupted. */
function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
