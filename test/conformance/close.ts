import type { Executor } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { ended } from '../support/proc.js';
import { type Open, range, start } from './open.js';

const closed = { name: 'ClosedError', code: 'ERR_LASTBYTE_CLOSED' };

/** Whether a process of this id is there. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export function closeSuite(open: Open): void {
  describe('close of an executor', () => {
    /** An executor, and one that runs in it. */
    async function running(...words: (string | number)[]) {
      const executor = await open();
      const source = start(executor, actor(...words, 'text', 'ready', 'pause'), { stdin: 'pipe' });
      await new Promise((resolve) => source.once('stdout', resolve));
      return { executor, source, pid: source.pid as number };
    }

    test('ends what runs, and resolves when it has ended', async () => {
      const { executor, pid } = await running('ignore', 15);
      await executor.close();
      await ended(pid);
      expect(isThere(pid)).toBe(false);
    });

    test('rejects all who wait or read, of each handle', async () => {
      const { executor, source } = await running();
      const other = await executor.attach(source.id);
      const questions = [source, other].flatMap((handle) => [
        handle.wait(),
        handle.read({ afterSeq: 1, waitMs: 60_000 }),
        all(handle.events({ afterSeq: 1 })),
        all(handle.events({ afterSeq: 1, lossless: true })),
        piped(handle.stderr).text(),
      ]);
      const errors = Promise.all(questions.map(rejection));
      const closing = executor.close();
      for (const error of await errors) expect(error).toMatchObject(closed);
      await closing;
    });

    test('rejects run', async () => {
      const executor = await open();
      const { file, args } = actor('text', 'ready', 'pause');
      const run = executor.run(file, args);
      const error = rejection(run);
      await new Promise((resolve) => run.subprocess.on('stdout', resolve));
      await executor.close();
      expect(await error).toMatchObject(closed);
    });

    test('in the turn of a start: who waits is told that it was closed', async () => {
      const executor = await open();
      const sources = range(1, 20).map(() => start(executor, actor('pause')));
      const waits = Promise.all(sources.map((source) => rejection(source.wait())));
      const closing = executor.close();
      for (const error of await waits) expect(error).toMatchObject(closed);
      await closing;
      for (const { pid } of sources) expect(pid === undefined || !isThere(pid)).toBe(true);
    });

    test('afterwards nothing is started, attached to or listed', async () => {
      const executor = await open();
      const source = start(executor, actor('exit', 3));
      const info = await source.wait();
      await executor.close();
      const refused = expect.objectContaining(closed);
      expect(() => executor.spawn('true')).toThrow(refused);
      expect(() => executor.run('true')).toThrow(refused);
      expect(await rejection(executor.attach(source.id))).toMatchObject(closed);
      expect(await rejection(executor.list())).toMatchObject(closed);
      expect(await rejection(source.read())).toMatchObject(closed);
      // What had ended before has ended as it did.
      expect(await source.wait()).toEqual(info);
    });

    test('from its first moment on nothing is started', async () => {
      const { executor } = await running();
      const closing = executor.close();
      expect(() => executor.spawn('true')).toThrow(expect.objectContaining(closed));
      await closing;
    });

    test('a second one does nothing, and one of an executor that did nothing neither', async () => {
      const { executor } = await running();
      await Promise.all([executor.close(), executor.close()]);
      await executor.close();
      await (await open()).close();
    });

    test('by await using', async () => {
      let executor: Executor;
      let pid: number;
      {
        const opened = await running();
        ({ pid } = opened);
        await using owned = opened.executor;
        executor = owned;
      }
      expect(isThere(pid)).toBe(false);
      expect(() => executor.spawn('true')).toThrow(expect.objectContaining(closed));
    });

    test('does nothing to another executor’s', async () => {
      const [one, two] = [await open(), await open()];
      const gate = new Gate();
      const source = start(two, actor('await', gate.path, 'text', 'on', 'exit', 6));
      await one.spawn('/bin/true').wait();
      expect((await one.list()).map(({ id }) => id)).not.toContain(source.id);
      expect(await rejection(one.attach(source.id))).toMatchObject({ code: 'ERR_LASTBYTE_UNKNOWN_EXECUTION' });
      await one.close();
      gate.release();
      expect(await source.wait()).toMatchObject({ code: 6, reason: 'exited' });
      expect(await piped((await two.attach(source.id)).stdout).text()).toBe('on');
    });
  });
}
