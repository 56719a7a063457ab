import { afterAll, expect, test, vi } from 'vitest';
import { othersRun, range, start } from '../conformance/open.js';
import { actor } from '../support/actor.js';
import { rejection } from '../support/child.js';
import { opened } from '../support/executors.js';
import { Gate } from '../support/gate.js';

// The clock stands still unless a test moves it: lastbyte has never seen another one.
vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
afterAll(() => vi.useRealTimers());

test('10,000 reads that wait have one timer; each is answered at its own time', async () => {
  const executor = opened();
  const gate = new Gate();
  const source = start(executor, actor('await', gate.path));
  await source.started;
  const answered: number[] = [];
  // In no order: 1…10,000 ms, each once.
  const waiting = range(1, 10_000).map(async (i) => {
    const waitMs = ((i * 7919) % 10_000) + 1;
    const result = await source.read({ waitMs });
    answered.push(waitMs);
    return result;
  });
  await othersRun(executor);
  expect(vi.getTimerCount()).toBe(1);
  for (const time of [1, 2, 500, 9999, 10_000]) {
    await vi.advanceTimersByTimeAsync(time - answered.length);
    expect(answered).toEqual(range(1, time));
  }
  const results = await Promise.all(waiting);
  expect(results[0]).toEqual({ events: [], nextSeq: 1, reaped: false, closed: false });
  expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  gate.release();
  await source.wait();
});

test('one that was answered or given up doesn’t come to its time', async () => {
  const executor = opened();
  const gate = new Gate();
  const source = start(executor, actor('await', gate.path, 'text', 'x', 'await', gate.path));
  await source.started;
  const controller = new AbortController();
  const given = rejection(source.read({ waitMs: 1000, signal: controller.signal }));
  const waiting = source.read({ waitMs: 1000 });
  vi.advanceTimersByTime(999);
  controller.abort();
  expect(await given).toMatchObject({ code: 'ABORT_ERR' });
  gate.release();
  expect((await waiting).events).toHaveLength(1);
  const next = source.read({ afterSeq: 1, waitMs: 1000 });
  vi.advanceTimersByTime(999);
  gate.release();
  expect((await next).events[0]).toMatchObject({ type: 'reaped' });
  await source.wait();
});
