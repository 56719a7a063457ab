import type { Subprocess } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { attachError } from '../conformance/attach.js';
import { range, start } from '../conformance/open.js';
import { actor } from '../support/actor.js';
import { all, piped, rejection } from '../support/child.js';
import { finished, opened, stageOf } from '../support/executors.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';

describe('retainMs', () => {
  test('runs from Exit on, never from reaped: a grandchild still has its say', async () => {
    const executor = opened();
    const gate = new Gate();
    const words = ['fork', '{', 'await', gate.path, 'text', 'late output', '}', 'exit', 3];
    const source = start(executor, actor(...words), { retainMs: 1 });
    const exit = source.wait();
    const { nextSeq, events } = await source.read({ waitMs: 60_000 });
    expect(events).toMatchObject([{ type: 'reaped', seq: 1, info: { code: 3 } }]);
    const longPoll = source.read({ afterSeq: nextSeq - 1, waitMs: 60_000 });
    // Others live their whole lives meanwhile.
    for (const _ of range(1, 5)) {
      const other = start(executor, actor('exit', 0), { retainMs: 1 });
      await other.wait();
      expect(await attachError(executor, other.id)).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED' });
      expect(await stageOf(executor, source.id)).toBe('live');
    }
    gate.release();
    const late = await longPoll;
    expect(late.events[0]).toEqual({ type: 'stdout', seq: 2, data: Buffer.from('late output') });
    const info = await exit;
    expect(info).toMatchObject({ code: 3, outputComplete: true });
    expect(await attachError(executor, source.id)).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED', info });
  });

  test.each([
    [{ retainMs: 0 }, {}],
    [{}, { retainMs: 0 }],
  ])('0: gone with Exit (executor %j, own %j)', async (limits, own) => {
    const executor = opened(limits);
    const source = start(executor, actor('text', 'x', 'exit', 4), own);
    const failed = executor.spawn('/nowhere', [], own);
    const info = await source.wait();
    expect(await rejection(executor.attach(source.id))).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED', info });
    const error = await rejection(failed.wait());
    expect(await rejection(executor.attach(failed.id))).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED', cause: error });
    expect(executor.stats()).toMatchObject({ live: 0, retained: 0, retainedBytes: 0, tombstones: 2 });
  });

  test('0: who was reading before has everything all the same', async () => {
    const executor = opened({ retainMs: 0 });
    const size = 3_000_000;
    const source = start(executor, actor('fork', '{', 'err', size, '}', 'out', size));
    const chunks: Buffer[] = [];
    source.on('stderr', (chunk) => chunks.push(chunk));
    const parts: Buffer[] = [];
    for await (const chunk of piped(source.stdout)) {
      parts.push(chunk);
      await new Promise(setImmediate);
    }
    expect(Buffer.concat(parts).equals(pattern(size, 0, 1))).toBe(true);
    expect((await source.wait()).dropped).toEqual({ stdout: 0, stderr: 0 });
    expect(Buffer.concat(chunks).equals(pattern(size, 0, 2))).toBe(true);
    const { file, args } = actor('out', 1000);
    expect((await executor.run(file, args, { encoding: 'buffer' })).stdout.equals(pattern(1000))).toBe(true);
  });
});

describe('what a reader holds', () => {
  test('is all there is: who comes later is told that the log has gone', async () => {
    const executor = opened();
    const source = start(executor, actor('out', 1000, 'exit', 5));
    const other = await executor.attach(source.id);
    const info = await source.wait();
    expect(await source.close()).toBe(info);
    const evicted = { name: 'EvictedError', code: 'ERR_LASTBYTE_EVICTED', id: source.id };
    for (const handle of [source, other] as Subprocess[]) {
      const questions = [
        () => handle.read(),
        () => handle.read({ waitMs: 60_000 }),
        () => all(handle.events()),
        () => piped(handle.stdout).bytes(),
        () => all(piped(handle.stderr)),
        () => handle.on('stdout', () => {}),
      ];
      for (const question of questions) {
        expect(await rejection((async () => question())())).toMatchObject({ ...evicted, info });
      }
      expect(await handle.wait()).toBe(info);
      expect(await handle.started).toBe(info.pid);
    }
  });
});

describe('limits', () => {
  test('maxRetained: those that ended first go first, whenever they started', async () => {
    const executor = opened({ maxRetained: 2 });
    const gates = range(0, 4).map(() => new Gate());
    const sources = gates.map((gate) => start(executor, actor('await', gate.path)));
    const stages = () => Promise.all(sources.map(({ id }) => stageOf(executor, id)));
    const end = async (i: number) => {
      gates[i]?.release();
      await sources[i]?.wait();
      return stages();
    };
    expect(await end(3)).toEqual(['live', 'live', 'live', 'retained', 'live']);
    expect(await end(0)).toEqual(['retained', 'live', 'live', 'retained', 'live']);
    expect(await end(4)).toEqual(['retained', 'live', 'live', 'tombstone', 'retained']);
    expect(await end(1)).toEqual(['tombstone', 'retained', 'live', 'tombstone', 'retained']);
    expect(await end(2)).toEqual(['tombstone', 'retained', 'retained', 'tombstone', 'tombstone']);
    expect(executor.stats()).toMatchObject({ live: 0, retained: 2, tombstones: 3, total: 5, exited: 5 });
  });

  test('maxRetained: what was let go out of its turn doesn’t count', async () => {
    const executor = opened({ maxRetained: 3 });
    const ids = await finished(executor, 3, 'exit', 0);
    await (await executor.attach(ids[1] as string)).close();
    ids.push(...(await finished(executor, 2, 'exit', 0)));
    expect(await Promise.all(ids.map((id) => stageOf(executor, id)))).toEqual([
      ...range(1, 2).map(() => 'tombstone'),
      ...range(1, 3).map(() => 'retained'),
    ]);
    expect(executor.stats()).toMatchObject({ retained: 3, tombstones: 2 });
  });

  test('maxRetainedBytes: the memory of the logs, the oldest go first', async () => {
    const limit = 1_000_000;
    const executor = opened({ maxRetainedBytes: limit });
    const ids: string[] = [];
    let most = 0;
    for (const _ of range(1, 30)) {
      const source = start(executor, actor('out', 100_000));
      expect((await piped(source.stdout).bytes()).length).toBe(100_000);
      await source.wait();
      ids.push(source.id);
      const { retained, retainedBytes } = executor.stats();
      expect(retainedBytes).toBeLessThanOrEqual(limit);
      expect(retainedBytes).toBeGreaterThanOrEqual(retained * 100_000);
      most = Math.max(most, retained);
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThan(10);
    const { retained, tombstones } = executor.stats();
    expect(retained + tombstones).toBe(30);
    const stages = await Promise.all(ids.map((id) => stageOf(executor, id)));
    expect(stages).toEqual(ids.map((_, i) => (i < 30 - retained ? 'tombstone' : 'retained')));
  });

  test('maxRetainedBytes: one that is larger than that goes at once, and takes all before it with it', async () => {
    const executor = opened({ maxRetainedBytes: 200_000 });
    const [small] = await finished(executor, 1, 'text', 'x');
    expect(await stageOf(executor, small as string)).toBe('retained');
    const [large] = await finished(executor, 1, 'out', 300_000);
    expect(await Promise.all([small, large].map((id) => stageOf(executor, id as string)))).toEqual([
      'tombstone',
      'tombstone',
    ]);
    expect(executor.stats()).toMatchObject({ retained: 0, retainedBytes: 0, tombstones: 2 });
  });

  test('maxTombstones: the oldest are forgotten', async () => {
    const executor = opened({ maxRetained: 2, maxTombstones: 3 });
    const ids = await finished(executor, 8, 'exit', 0);
    expect(await Promise.all(ids.map((id) => stageOf(executor, id)))).toEqual([
      ...range(1, 3).map(() => 'forgotten'),
      ...range(1, 3).map(() => 'tombstone'),
      ...range(1, 2).map(() => 'retained'),
    ]);
    expect(executor.stats()).toMatchObject({ live: 0, retained: 2, tombstones: 3, total: 8, exited: 8, failed: 0 });
  });

  test('all 0: nothing is kept of what has ended, and what lives is not touched', async () => {
    const executor = opened({ maxRetained: 0, maxRetainedBytes: 0, maxTombstones: 0 });
    const gate = new Gate();
    const live = start(executor, actor('out', 500_000, 'await', gate.path, 'exit', 2));
    await live.started;
    const ids = await finished(executor, 3, 'out', 100);
    expect(await Promise.all(ids.map((id) => stageOf(executor, id)))).toEqual(ids.map(() => 'forgotten'));
    expect(executor.stats()).toMatchObject({ live: 1, retained: 0, retainedBytes: 0, tombstones: 0, total: 4 });
    const other = await executor.attach(live.id);
    const bytes = piped(other.stdout).bytes();
    gate.release();
    expect((await bytes).equals(pattern(500_000, 0, 1))).toBe(true);
    expect((await live.wait()).code).toBe(2);
    expect(await stageOf(executor, live.id)).toBe('forgotten');
  });

  test.each([
    [{ maxLive: 0 }, "'maxLive' must be a whole number from 1 to 2147483647; got 0"],
    [{ maxLive: 1.5 }, "'maxLive' must be a whole number from 1 to 2147483647; got 1.5"],
    [{ retainBytes: -1 }, "'retainBytes' must be a whole number of bytes from 0 to 1073741824; got -1"],
    [{ retainMs: '1s' }, "'retainMs' must be milliseconds from 0 to 2147483647; got '1s'"],
    [{ maxRetained: -1 }, "'maxRetained' must be a whole number from 0 to 2147483647; got -1"],
    [{ maxRetainedBytes: -1 }, "'maxRetainedBytes' must be a whole number from 0 to 9007199254740991; got -1"],
    [{ maxTombstones: Number.NaN }, "'maxTombstones' must be a whole number from 0 to 2147483647; got NaN"],
    [{ maxAlive: 1 }, "'maxAlive' must be left out: the options are maxLive, retainBytes, retainMs, maxRetained,"],
    [null, "'options' must be an object; got null"],
  ])('%j is refused', (options, message) => {
    expect(() => opened(options as object)).toThrow(message);
  });
});

describe('an id', () => {
  const inUse = { name: 'IdInUseError', code: 'ERR_LASTBYTE_ID_IN_USE', id: 'mine' };

  test('that was used again is not taken away by those that went before', async () => {
    const executor = opened({ maxTombstones: 1 });
    await start(executor, actor('exit', 1), { id: 'mine', retainMs: 0 }).wait();
    await start(executor, actor('exit', 0), { retainMs: 0 }).wait();
    const second = start(executor, actor('exit', 2), { id: 'mine' });
    await second.wait();
    for (const _ of range(1, 3)) await start(executor, actor('exit', 0), { retainMs: 0 }).wait();
    expect((await (await executor.attach('mine')).wait()).code).toBe(2);
    expect(() => start(executor, actor('exit', 3), { id: 'mine' })).toThrow(expect.objectContaining(inUse));
  });

  test('of one executor is free in another', async () => {
    const [one, two] = [opened(), opened()];
    const infos = await Promise.all([
      start(one, actor('exit', 1), { id: 'mine' }).wait(),
      start(two, actor('exit', 2), { id: 'mine' }).wait(),
    ]);
    expect(infos.map(({ code }) => code)).toEqual([1, 2]);
    expect((await (await two.attach('mine')).wait()).code).toBe(2);
  });

  test('that was made is not another’s, and no name where one was chosen', async () => {
    const executor = opened();
    const [source] = [start(executor, actor('exit', 0))];
    const [prefix, number] = source.id.split('-') as [string, string];
    const named = start(executor, actor('exit', 1), { id: 'chosen' });
    await Promise.all([source.wait(), named.wait()]);
    for (const id of [`${prefix}-${Number(number) + 1}`, `${prefix}-0${number}`, `${prefix}-`, number, prefix]) {
      expect(await stageOf(executor, id)).toBe('forgotten');
    }
    await named.close();
    expect(await stageOf(executor, `${prefix}-${Number(number) + 1}`)).toBe('forgotten');
    expect(await stageOf(executor, 'chosen')).toBe('tombstone');
    expect(await stageOf(executor, source.id)).toBe('retained');
  });
});
