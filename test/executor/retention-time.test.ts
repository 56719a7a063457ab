import { afterAll, describe, expect, test, vi } from 'vitest';
import { range, start } from '../conformance/open.js';
import { actor } from '../support/actor.js';
import { all, piped, rejection } from '../support/child.js';
import { finished, opened, stageOf } from '../support/executors.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';

const DAY = 86_400_000;

// The clock stands still unless a test moves it: lastbyte has never seen another one.
vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
afterAll(() => vi.useRealTimers());

describe('retainMs', () => {
  test('to the millisecond, from Exit on', async () => {
    const executor = opened({ retainMs: 5000 });
    const gate = new Gate();
    const source = start(executor, actor('fork', '{', 'await', gate.path, '}', 'exit', 3));
    await new Promise((resolve) => source.on('reaped', resolve));
    vi.advanceTimersByTime(DAY);
    expect(await stageOf(executor, source.id)).toBe('live');
    gate.release();
    await source.wait();
    vi.advanceTimersByTime(4999);
    expect(await stageOf(executor, source.id)).toBe('retained');
    vi.advanceTimersByTime(1);
    expect(await stageOf(executor, source.id)).toBe('tombstone');
  });

  test('is a minute unless somebody says otherwise', async () => {
    const executor = opened();
    const [id] = await finished(executor, 1, 'exit', 0);
    vi.advanceTimersByTime(59_999);
    expect(await stageOf(executor, id as string)).toBe('retained');
    vi.advanceTimersByTime(1);
    expect(await stageOf(executor, id as string)).toBe('tombstone');
  });

  test('of an execution goes before the executor’s, be it longer or shorter', async () => {
    const executor = opened({ retainMs: 1000 });
    const times = [3000, undefined, 10, 2000, undefined, 1500, 1000, 5];
    const sources = times.map((retainMs) => start(executor, actor('exit', 0), { retainMs }));
    for (const source of sources) await source.wait();
    let now = 0;
    for (const at of [0, 4, 5, 9, 10, 999, 1000, 1499, 1500, 1999, 2000, 2999, 3000]) {
      vi.advanceTimersByTime(at - now);
      now = at;
      const stages = await Promise.all(sources.map(({ id }) => stageOf(executor, id)));
      expect(stages, `after ${at} ms`).toEqual(
        times.map((retainMs = 1000) => (retainMs <= at ? 'tombstone' : 'retained')),
      );
    }
    expect(executor.stats()).toMatchObject({ live: 0, retained: 0, retainedBytes: 0, tombstones: times.length });
  });

  test('each has its own time, however many there are', async () => {
    const executor = opened({ retainMs: 1000 });
    const ids: string[] = [];
    for (const _ of range(0, 9)) {
      ids.push(...(await finished(executor, 3, 'exit', 0)));
      vi.advanceTimersByTime(100);
    }
    for (const step of range(0, 9)) {
      const stages = await Promise.all(ids.map((id) => stageOf(executor, id)));
      expect(stages).toEqual(ids.map((_, i) => (Math.floor(i / 3) <= step ? 'tombstone' : 'retained')));
      vi.advanceTimersByTime(100);
    }
  });

  test('no timer is left when the executor is closed', async () => {
    const executor = opened();
    await finished(executor, 3, 'exit', 0);
    await start(executor, actor('exit', 0), { retainMs: DAY }).wait();
    expect(vi.getTimerCount()).toBe(1);
    await executor.close();
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('what a reader holds stays its own when the log is let go', async () => {
  const executor = opened();
  const source = start(executor, actor('out', 100_000, 'flushed', 'err', 5000, 'exit', 0), { retainMs: 10 });
  const chunks = piped(source.stdout)[Symbol.asyncIterator]();
  const listening = new Promise<Buffer>((resolve) => source.on('stderr', resolve));
  const info = await source.wait();
  vi.advanceTimersByTime(10);
  expect(await stageOf(executor, source.id)).toBe('tombstone');
  expect(Buffer.concat(await all(chunks)).equals(pattern(100_000, 0, 1))).toBe(true);
  expect((await listening).equals(pattern(5000, 0, 2))).toBe(true);
  expect(await source.wait()).toBe(info);
  expect(info.dropped).toEqual({ stdout: 0, stderr: 0 });
});

test('an id is in use as long as anything is known by it, and then free', async () => {
  const executor = opened({ maxTombstones: 1 });
  const inUse = expect.objectContaining({ name: 'IdInUseError', code: 'ERR_LASTBYTE_ID_IN_USE', id: 'mine' });
  const gate = new Gate();
  const again = (code: number) => start(executor, actor('exit', code), { id: 'mine', retainMs: 10 });
  const first = start(executor, actor('await', gate.path, 'exit', 1), { id: 'mine', retainMs: 10 });
  await first.started;
  expect(() => again(2)).toThrow(inUse);
  gate.release();
  await first.wait();
  expect(await stageOf(executor, 'mine')).toBe('retained');
  expect(() => again(2)).toThrow(inUse);
  vi.advanceTimersByTime(10);
  expect(await stageOf(executor, 'mine')).toBe('tombstone');
  expect(() => again(2)).toThrow(inUse);
  const other = start(executor, actor('exit', 0), { retainMs: 0 });
  await other.wait();
  expect(await stageOf(executor, 'mine')).toBe('forgotten');
  const second = again(2);
  expect((await second.wait()).code).toBe(2);
  expect(await (await executor.attach('mine')).wait()).toBe(await second.wait());
  expect((await first.wait()).code).toBe(1);
});

test('a start that failed is retained, then a tombstone with its reason, then forgotten', async () => {
  const executor = opened({ retainMs: 10, maxTombstones: 1 });
  const source = executor.spawn('/nowhere', { id: 'failed' });
  const error = await rejection(source.wait());
  expect(executor.stats()).toMatchObject({ live: 0, retained: 1, failed: 1, exited: 0, total: 1 });
  const handle = await executor.attach('failed');
  expect(await rejection(handle.wait())).toBe(error);
  expect(await rejection(handle.started)).toBe(error);
  expect(await rejection(piped(handle.stdout).text())).toBe(error);
  expect(await rejection(handle.read())).toBe(error);
  vi.advanceTimersByTime(10);
  const evicted = await rejection(executor.attach('failed'));
  expect(evicted).toMatchObject({ name: 'EvictedError', id: 'failed', cause: error });
  expect(evicted.cause).toBe(error);
  expect(await rejection(handle.wait())).toBe(error);
  await start(executor, actor('exit', 0), { retainMs: 0 }).wait();
  expect(await stageOf(executor, 'failed')).toBe('forgotten');
});
