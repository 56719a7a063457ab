import type { ExecutionSummary, Executor } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { attachError } from './attach.js';
import { freshId, type Open, othersRun, start } from './open.js';

/** What `list` says of one execution. */
async function entryOf(executor: Executor, id: string): Promise<ExecutionSummary | undefined> {
  return (await executor.list()).find((entry) => entry.id === id);
}

export function listSuite(open: Open): void {
  describe('list', () => {
    test('tells what is known of one from its start to its end', async () => {
      const executor = await open();
      const [child, grandchild] = [new Gate(), new Gate()];
      const words = ['fork', '{', 'await', grandchild.path, 'text', 'late', '}', 'text', 'a', 'await', child.path];
      const before = Date.now();
      const source = start(executor, actor(...words, 'exit', 5));
      const after = Date.now();
      const { id } = source;
      const base = { id, ...actor(...words, 'exit', 5), startedAt: expect.any(Number) };
      // `starting` or, as soon as that is known, `running`.
      expect(['starting', 'running']).toContain((await entryOf(executor, id))?.state);
      const pid = await source.started;
      await source.read({ waitMs: 60_000 });
      const running = await entryOf(executor, id);
      expect(running).toEqual({ ...base, state: 'running', pid, seq: 1 });
      expect(running?.startedAt).toBeGreaterThanOrEqual(before - 1);
      expect(running?.startedAt).toBeLessThanOrEqual(after + 1);
      child.release();
      await new Promise((resolve) => source.on('reaped', resolve));
      expect(await entryOf(executor, id)).toEqual({ ...base, state: 'reaped', pid, seq: 2 });
      grandchild.release();
      const exit = await source.wait();
      expect(await entryOf(executor, id)).toEqual({ ...base, state: 'exited', pid, seq: 4, exit });
    });

    test('is in the order of the calls, whatever ends first; run and spawn alike', async () => {
      const executor = await open();
      const gate = new Gate();
      const ids = Array.from({ length: 6 }, freshId);
      const slow = start(executor, actor('await', gate.path), { id: ids[0] as string });
      const failed = executor.spawn('/nowhere', ['a', 'b'], { id: ids[1] as string });
      const short = start(executor, actor('exit', 0), { id: ids[2] as string });
      const { file, args } = actor('await', gate.path);
      const running = executor.run(file, args, { id: ids[3] as string });
      const last = start(executor, actor('exit', 0), { id: ids[4] as string });
      await Promise.all([
        slow.started,
        running.subprocess.started,
        rejection(failed.wait()),
        short.wait(),
        last.wait(),
      ]);
      const entries = (await executor.list()).filter(({ id }) => ids.includes(id));
      expect(entries.map(({ id, state }) => [ids.indexOf(id), state])).toEqual([
        [0, 'running'],
        [1, 'failed'],
        [2, 'exited'],
        [3, 'running'],
        [4, 'exited'],
      ]);
      expect(entries[1]).toEqual({
        id: ids[1],
        state: 'failed',
        file: '/nowhere',
        args: ['a', 'b'],
        startedAt: expect.any(Number),
        seq: 0,
      });
      gate.release(2);
      await Promise.all([slow.wait(), running]);
    });

    test('has file and args as they were given, also for a shell', async () => {
      const executor = await open();
      const source = executor.spawn('exit $1', ['3'], { shell: true });
      expect((await source.wait()).code).toBe(3);
      expect(await entryOf(executor, source.id)).toMatchObject({ file: 'exit $1', args: ['3'] });
    });

    test('changes nothing, and nothing in it can be changed', async () => {
      const executor = await open();
      const args = ['-c', 'exit 0'];
      const source = executor.spawn('sh', args);
      args.push('later');
      await source.wait();
      const entry = (await entryOf(executor, source.id)) as ExecutionSummary;
      expect(entry.args).toEqual(['-c', 'exit 0']);
      (entry.args as string[]).push('mine');
      expect((await entryOf(executor, source.id))?.args).toEqual(['-c', 'exit 0']);
    });

    /** Resolves when the list says that it is over. */
    async function exited(executor: Executor, id: string): Promise<void> {
      while ((await entryOf(executor, id))?.state !== 'exited') await othersRun(executor);
    }

    test('has the exit that wait tells, though nobody has asked before', async () => {
      const executor = await open();
      const source = start(executor, actor('out', 5000, 'exit', 0), { retainBytes: 10 });
      // Nobody waits, but who reads the log lets it go on.
      await source.read();
      await exited(executor, source.id);
      const entry = await entryOf(executor, source.id);
      expect(entry?.exit?.dropped).toEqual({ stdout: 4990, stderr: 0 });
      expect(entry?.exit).toEqual(await source.wait());
    });

    test('has it also where bytes are dropped after the end', async () => {
      const executor = await open();
      const source = start(executor, actor('out', 5000, 'exit', 0), { retainBytes: 10 });
      // They are held for who started it.
      await exited(executor, source.id);
      const { closed } = await source.read({ maxBytes: 1 });
      expect(closed).toBe(false);
      const entry = await entryOf(executor, source.id);
      expect(entry?.exit?.dropped).toEqual({ stdout: 4990, stderr: 0 });
      expect(entry?.exit).toEqual(await source.wait());
    });

    test('knows the number of the newest event', async () => {
      const executor = await open();
      const source = start(executor, actor('text', 'a', 'flushed', 'etext', 'b', 'flushed', 'exit', 0));
      const events = await all(source.events());
      expect((await entryOf(executor, source.id))?.seq).toBe(events.length);
    });

    test('has nothing of what is evicted', async () => {
      const executor = await open();
      const source = start(executor, actor('exit', 0), { retainMs: 1 });
      await source.wait();
      await attachError(executor, source.id);
      expect(await entryOf(executor, source.id)).toBe(undefined);
    });
  });
}
