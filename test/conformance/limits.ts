import type { ExecutionSummary, Executor } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { attachError } from './attach.js';
import { type Open, range, start } from './open.js';

const statesOf = (entries: ExecutionSummary[]) => entries.map(({ state }) => state);

/** Runs commands to their ends, one after the other; gives their ids. */
async function finished(executor: Executor, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (const i of range(1, count)) {
    const source = start(executor, actor('exit', i));
    await source.wait();
    ids.push(source.id);
  }
  return ids;
}

export function limitsSuite(open: Open): void {
  describe('the limits of an executor', () => {
    test('maxLive: not more at a time, in the order of the calls', async () => {
      const executor = await open({ maxLive: 2 });
      const gates = range(0, 4).map(() => new Gate());
      const sources = gates.map((gate, i) => start(executor, actor('await', gate.path, 'exit', i)));
      await Promise.all(sources.slice(0, 2).map((source) => source.started));
      expect(statesOf(await executor.list())).toEqual(['running', 'running', 'queued', 'queued', 'queued']);
      gates[1]?.release();
      await Promise.all([sources[1]?.wait(), sources[2]?.started]);
      expect(statesOf(await executor.list())).toEqual(['running', 'exited', 'running', 'queued', 'queued']);
      for (const gate of gates) gate.release();
      const infos = await Promise.all(sources.map((source) => source.wait()));
      expect(infos.map(({ code }) => code)).toEqual([0, 1, 2, 3, 4]);
    });

    test('maxLive: one that still waits can be killed, and never runs', async () => {
      const executor = await open({ maxLive: 1 });
      const gate = new Gate();
      const first = start(executor, actor('await', gate.path));
      const second = start(executor, actor('pause'));
      expect(second.kill()).toBe(true);
      expect(await rejection(second.wait())).toMatchObject({ code: 'ECANCELED', stage: 'cancelled', id: second.id });
      gate.release();
      expect((await first.wait()).code).toBe(0);
    });

    test('retainMs: for those that don’t say', async () => {
      const executor = await open({ retainMs: 1 });
      const own = start(executor, actor('text', 'kept', 'exit', 1), { retainMs: 600_000 });
      await own.wait();
      const source = start(executor, actor('exit', 0));
      await source.wait();
      expect(await attachError(executor, source.id)).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED' });
      expect(await piped((await executor.attach(own.id)).stdout).text()).toBe('kept');
    });

    test('retainBytes: for those that don’t say', async () => {
      const executor = await open({ retainBytes: 100 });
      const { dropped } = await start(executor, actor('out', 1000)).wait();
      expect(dropped.stdout).toBe(900);
      expect((await start(executor, actor('out', 1000), { retainBytes: 300 }).wait()).dropped.stdout).toBe(700);
    });

    test('maxRetained: the oldest go first', async () => {
      const executor = await open({ maxRetained: 2 });
      const ids = await finished(executor, 4);
      expect((await executor.list()).map(({ id }) => id)).toEqual(ids.slice(2));
      expect(await attachError(executor, ids[0] as string)).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED' });
      expect(await attachError(executor, ids[1] as string)).toMatchObject({ info: { code: 2 } });
      expect((await (await executor.attach(ids[2] as string)).wait()).code).toBe(3);
    });

    test('maxTombstones: what has been forgotten is unknown', async () => {
      const executor = await open({ maxRetained: 0, maxTombstones: 2 });
      const ids = await finished(executor, 4);
      expect(await executor.list()).toEqual([]);
      const errors = await Promise.all(ids.map((id) => attachError(executor, id)));
      expect(errors.map(({ code }) => code)).toEqual([
        'ERR_LASTBYTE_UNKNOWN_EXECUTION',
        'ERR_LASTBYTE_UNKNOWN_EXECUTION',
        'ERR_LASTBYTE_EVICTED',
        'ERR_LASTBYTE_EVICTED',
      ]);
    });
  });
}
