import { once } from 'node:events';
import type { StdinStream } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { piped } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';
import { type Open, othersRun, start } from './open.js';

/** What `write` calls back with. */
const write = (stdin: StdinStream, data: string | Uint8Array) =>
  new Promise<Error | null | undefined>((resolve) => stdin.write(data, resolve));

export function stdinSuite(open: Open): void {
  describe('stdin', () => {
    test('is null unless it is a pipe', async () => {
      const source = start(await open(), actor('copy'));
      expect(source.stdin).toBe(null);
      expect(await piped(source.stdout).text()).toBe('');
      await source.wait();
    });

    test('passes on every byte in order, also what was written before the start', async () => {
      const source = start(await open(), actor('count'), { stdin: 'pipe' });
      const stdin = piped(source.stdin);
      expect(source.pid).toBe(undefined);
      let at = 0;
      const put = (size: number) => {
        stdin.write(pattern(size, at));
        at += size;
      };
      for (let i = 0; i < 5000; i++) put(1 + (i % 30));
      for (let i = 0; i < 50; i++) put(i % 2 ? 100_000 : 3);
      stdin.end();
      expect(await piped(source.stdout).text()).toBe(`${at} of ${at}\n`);
      await source.wait();
    });

    test('comes to the child as it is written, not only at the end', async () => {
      const source = (await open()).spawn('cat', { stdin: 'pipe' });
      const echo = piped(source.stdout)[Symbol.asyncIterator]();
      for (let i = 0; i < 30; i++) {
        expect(await write(piped(source.stdin), `message ${i}`)).toBe(null);
        expect(String((await echo.next()).value)).toBe(`message ${i}`);
      }
      piped(source.stdin).end();
      expect((await echo.next()).done).toBe(true);
      await source.wait();
    });

    test('tells when to stop, and when to go on', async () => {
      const size = 20_000_000;
      const gate = new Gate();
      const source = start(await open(), actor('await', gate.path, 'count'), { stdin: 'pipe' });
      const stdin = piped(source.stdin);
      let stops = 0;
      for (let at = 0; at < size; at += 100_000) {
        if (stdin.write(pattern(100_000, at))) continue;
        stops += 1;
        if (stops === 1) gate.release();
        await once(stdin, 'drain');
      }
      stdin.end();
      expect(await piped(source.stdout).text()).toBe(`${size} of ${size}\n`);
      expect(stops).toBeGreaterThan(1);
      await source.wait();
    });

    test('that the child has closed: EPIPE to who writes, no crash', async () => {
      const gate = new Gate();
      const source = start(await open(), actor('close', 0, 'await', gate.path, 'exit', 3), { stdin: 'pipe' });
      const failed = await write(piped(source.stdin), pattern(5_000_000));
      expect(failed).toMatchObject({ name: 'LastbyteError', code: 'EPIPE', syscall: 'write', id: source.id });
      gate.release();
      expect((await source.wait()).code).toBe(3);
    });

    test('of a child that ends without reading: wait tells the truth', async () => {
      const source = start(await open(), actor('exit', 7), { stdin: 'pipe' });
      piped(source.stdin).end(pattern(5_000_000));
      expect((await source.wait()).code).toBe(7);
    });
  });

  describe('whose turn it is at stdin', () => {
    const inUse = expect.objectContaining({ name: 'AttachedError', code: 'ERR_LASTBYTE_ATTACHED' });

    test('who has started the child writes first; another one may when it was handed back', async () => {
      const executor = await open();
      const source = start(executor, actor('copy', 'exit', 0), { stdin: 'pipe' });
      const handle = await executor.attach(source.id);
      const text = piped(source.stdout).text();
      expect(handle.stdin).toBe(null);
      expect(() => handle.takeStdin()).toThrow(inUse);
      piped(source.stdin).write('one ');
      await source.releaseStdin();
      expect(source.stdin).toBe(null);
      const second = handle.takeStdin();
      expect(handle.stdin).toBe(second);
      expect(() => source.takeStdin()).toThrow(inUse);
      second.write('two ');
      await handle.releaseStdin();
      source.takeStdin().end('three');
      expect(await text).toBe('one two three');
      await source.wait();
    });

    test('what was written is taken first, however much it is', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('await', gate.path, 'count'), { stdin: 'pipe' });
      const handle = await executor.attach(source.id);
      piped(source.stdin).write(pattern(3_000_000));
      const released = source.releaseStdin();
      expect(() => handle.takeStdin()).toThrow(inUse);
      gate.release();
      await released;
      handle.takeStdin().end(pattern(1_000_000, 3_000_000));
      expect(await piped(source.stdout).text()).toBe('4000000 of 4000000\n');
      await source.wait();
    });

    test('the old stream is closed to who held it', async () => {
      const executor = await open();
      const source = start(executor, actor('copy'), { stdin: 'pipe' });
      const old = piped(source.stdin);
      await source.releaseStdin();
      expect(await write(old, 'too late')).toBeInstanceOf(Error);
      expect(old.errored).toMatchObject({ code: 'ERR_LASTBYTE_ATTACHED', id: source.id });
      const stdin = source.takeStdin();
      expect(stdin).not.toBe(old);
      stdin.end('mine again');
      expect(await piped(source.stdout).text()).toBe('mine again');
      await source.wait();
    });

    test('detach hands it back, open', async () => {
      const executor = await open();
      const source = start(executor, actor('copy'), { stdin: 'pipe' });
      const handle = await executor.attach(source.id);
      piped(source.stdin).write('one ');
      await source.detach();
      const text = piped(handle.stdout).text();
      handle.takeStdin().end('two');
      expect(await text).toBe('one two');
      await handle.wait();
    });

    test('handing back what one has not got does nothing', async () => {
      const executor = await open();
      const source = start(executor, actor('copy'), { stdin: 'pipe' });
      const handle = await executor.attach(source.id);
      await handle.releaseStdin();
      expect(() => handle.takeStdin()).toThrow(inUse);
      piped(source.stdin).end('x');
      expect(await piped(source.stdout).text()).toBe('x');
      await source.wait();
    });

    test('taking what is no pipe, or is fed by run, is unsupported', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('await', gate.path));
      const unsupported = expect.objectContaining({ name: 'UnsupportedError', code: 'ERR_LASTBYTE_UNSUPPORTED' });
      expect(() => source.takeStdin()).toThrow(unsupported);
      const { file, args } = actor('await', gate.path, 'copy');
      const running = executor.run(file, args, { input: 'fed' });
      expect(() => running.subprocess.takeStdin()).toThrow(unsupported);
      gate.release(2);
      expect((await running).stdout).toBe('fed');
      await source.wait();
    });

    test('nobody writes any more: stdin stays open, and the child can be ended', async () => {
      const executor = await open();
      const source = start(executor, actor('text', 'ready', 'copy', 'text', 'end'), { stdin: 'pipe' });
      await source.releaseStdin();
      await new Promise((resolve) => source.once('stdout', resolve));
      await othersRun(executor);
      expect(source.kill(0)).toBe(true);
      expect(await source.terminate()).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
      expect(await piped(source.stdout).text()).toBe('');
    });
  });
}
