import { PullIterator } from '../log/pull-iterator.js';
import type { Output } from './output.js';

/**
 * Reads an output stream as an async iterator; leaving it stops the reading. `pull` makes the next value out of what the
 * output holds; undefined where it needs more, or there is no more.
 */
export function iterate<T>(output: Output, pull: () => T | undefined): PullIterator<T> {
  const iterator = new PullIterator<T>({
    pull() {
      const value = pull();
      if (value === undefined && output.ended && output.error !== undefined) throw output.error;
      return value;
    },
    get ended() {
      return output.ended;
    },
    close: () => output.cancel(),
  });
  output.attach(iterator);
  return iterator;
}
