import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';
import { attachError } from './attach.js';
import { type Open, othersRun, refusal, start } from './open.js';

export function detachSuite(open: Open): void {
  describe('detach', () => {
    test('ends what the handle reads and waits for; the execution and other handles go on', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('text', 'a', 'await', gate.path, 'text', 'b', 'exit', 3));
      const handle = await executor.attach(source.id);
      const other = await executor.attach(source.id);
      const events = handle.events();
      expect((await events.next()).value).toMatchObject({ seq: 1 });
      const asked = [
        handle.wait(),
        handle.read({ afterSeq: 1, waitMs: 60_000 }),
        events.next(),
        piped(handle.stdout).text(),
      ].map(rejection);
      const others = all(other.events());
      await handle.detach();
      const detached = { name: 'DetachedError', code: 'ERR_LASTBYTE_DETACHED', id: source.id };
      for (const error of await Promise.all(asked)) expect(error).toMatchObject(detached);
      gate.release();
      expect(await source.wait()).toMatchObject({ code: 3, reason: 'exited' });
      expect((await others).map(({ type }) => type).slice(-1)).toEqual(['exit']);
      expect(await piped(other.stdout).text()).toBe('ab');
    });

    test('afterwards the handle does nothing any more, but says so', async () => {
      const executor = await open();
      const source = start(executor, actor('text', 'ready', 'pause'), { stdin: 'pipe' });
      const handle = await executor.attach(source.id);
      await new Promise((resolve) => source.once('stdout', resolve));
      await handle.detach();
      await handle.detach();
      const detached = expect.objectContaining({ code: 'ERR_LASTBYTE_DETACHED' });
      expect(() => handle.kill()).toThrow(detached);
      expect(() => handle.on('exit', () => {})).toThrow(detached);
      expect(() => handle.takeStdin()).toThrow(detached);
      for (const question of [
        () => all(handle.events()),
        () => handle.wait(),
        () => handle.read(),
        () => piped(handle.stdout).text(),
      ]) {
        expect(await refusal(question)).toEqual(detached);
      }
      expect(handle.stdin).toBe(null);
      expect(source.kill(0)).toBe(true);
      expect(await source.terminate()).toMatchObject({ reason: 'killed' });
    });

    test('listeners of the handle hear nothing any more', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('text', 'a', 'flushed', 'await', gate.path, 'text', 'b'));
      const handle = await executor.attach(source.id);
      const heard: string[] = [];
      handle.on('reaped', () => heard.push('reaped')).on('exit', () => heard.push('exit'));
      await new Promise<void>((resolve) => {
        handle.on('stdout', (chunk) => {
          heard.push(String(chunk));
          resolve();
        });
      });
      await handle.detach();
      gate.release();
      await source.wait();
      await othersRun(executor);
      expect(heard).toEqual(['a']);
    });

    test('a reader that held the child back does so no more', async () => {
      const executor = await open();
      const source = start(executor, actor('out', 10_000_000), { retainBytes: 1000 });
      const handle = await executor.attach(source.id);
      piped(handle.stdout)[Symbol.asyncIterator]();
      const exit = source.wait();
      await othersRun(executor);
      await handle.detach();
      expect(await exit).toMatchObject({ code: 0, dropped: { stdout: 9_999_000, stderr: 0 } });
    });

    test('of who started it: it goes on without anybody, and can be attached to', async () => {
      const executor = await open();
      const gate = new Gate();
      const size = 5_000_000;
      const source = start(executor, actor('await', gate.path, 'out', size, 'exit', 7), { retainBytes: 1000 });
      await source.started;
      await source.detach();
      gate.release();
      const other = await executor.attach(source.id);
      expect(await other.wait()).toMatchObject({
        code: 7,
        reason: 'exited',
        dropped: { stdout: size - 1000, stderr: 0 },
      });
      expect((await piped(other.stdout).bytes()).equals(pattern(1000, size - 1000, 1))).toBe(true);
    });

    test('by await using: an attached handle only lets go', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('await', gate.path, 'exit', 2));
      let wait: Promise<unknown>;
      {
        await using handle = await executor.attach(source.id);
        wait = rejection(handle.wait());
      }
      expect(await wait).toMatchObject({ code: 'ERR_LASTBYTE_DETACHED' });
      gate.release();
      expect(await source.wait()).toMatchObject({ code: 2, reason: 'exited' });
    });
  });

  describe('close of a handle', () => {
    test('ends the execution, and its log is gone at once', async () => {
      const executor = await open();
      const source = start(executor, actor('text', 'ready', 'pause'));
      const other = await executor.attach(source.id);
      await new Promise((resolve) => other.once('stdout', resolve));
      const info = await source.close();
      expect(info).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
      expect(await other.wait()).toEqual(info);
      expect(await attachError(executor, source.id)).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED', info });
    });

    test('of one that has ended lets its log go', async () => {
      const executor = await open();
      const source = start(executor, actor('text', 'x', 'exit', 4));
      const info = await source.wait();
      expect(await source.close()).toEqual(info);
      expect(await attachError(executor, source.id)).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED', info });
    });
  });
}
