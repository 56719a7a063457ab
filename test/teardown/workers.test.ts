import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { stateOf } from '../support/leaks.js';
import { record } from '../support/record.js';

actor(); // compiled before a worker needs it

const worker = (name: string, workerData?: unknown) =>
  new Worker(new URL(`../fixtures/workers/${name}.mjs`, import.meta.url), { workerData });

test('workers and the main thread run children side by side, each gets its own events', async () => {
  const workers = Array.from({ length: 4 }, (_, i) => worker('runner', { number: i + 1, count: 50 }));
  const messages = workers.map((each) => once(each, 'message'));
  const exits = workers.map((each) => once(each, 'exit'));
  const own = Array.from({ length: 50 }, (_, i) => record(actor('out', 500, 'exit', i)));
  expect((await Promise.all(own.map((child) => child.wait()))).map(({ code }) => code)).toEqual(own.map((_, i) => i));
  for (const [i, message] of messages.entries()) {
    expect((await message)[0]).toEqual(Array.from({ length: 50 }, (_, code) => [1000 * (i + 1), code]));
  }
  for (const exit of exits) expect((await exit)[0]).toBe(0);
});

test.each(['process.exit', 'exception', 'unref and the natural end'])(
  'a worker that ends by %s takes its children with it, and nobody else’s',
  async (way) => {
    const other = record({ ...actor('count'), stdin: 'pipe' });
    const subject = worker('ending', way);
    const error = way === 'exception' ? once(subject, 'error') : undefined;
    const exit = way === 'exception' ? undefined : once(subject, 'exit');
    const [pid] = await once(subject, 'message');
    expect((await error)?.[0].message).toBe(error && 'of a worker');
    await (exit ?? subject.terminate());
    expect(stateOf(pid)).toBe(undefined);
    other.execution.end();
    expect(await other.wait()).toMatchObject({ code: 0 });
  },
);

test('the default environment in a worker is the worker’s own', async () => {
  const [value] = await once(worker('environment'), 'message');
  expect(value).toBe('the worker’s');
  expect(process.env.LASTBYTE_WORKER_VALUE).toBe(undefined);
});
