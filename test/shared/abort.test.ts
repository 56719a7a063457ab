import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { unwatchAbort, watchAbort } from '../../lib/shared/abort.js';

function target(order: number[] = [], number = 0) {
  return { aborted: () => void order.push(number) };
}

describe('watchAbort', () => {
  it('puts one listener on a signal, however many watch it, and takes it off after the last', () => {
    const { signal } = new AbortController();
    const targets = Array.from({ length: 1000 }, () => target());
    for (const each of targets) watchAbort(signal, each);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const each of targets) unwatchAbort(signal, each);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('tells all in the order they came, and none that has gone', () => {
    const controller = new AbortController();
    const order: number[] = [];
    const targets = [1, 2, 3].map((number) => target(order, number));
    for (const each of targets) watchAbort(controller.signal, each);
    unwatchAbort(controller.signal, targets[1] as { aborted(): void });
    controller.abort();
    expect(order).toEqual([1, 3]);
  });

  it('takes back what was never watched', () => {
    unwatchAbort(new AbortController().signal, target());
  });
});
