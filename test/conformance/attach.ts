import type { Executor, Subprocess } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';
import { bytesOf, freshId, type Open, othersRun, range, refusal, seqsOf, start } from './open.js';

/** The error of `attach`, as soon as there is one. */
export async function attachError(executor: Executor, id: string) {
  for (;;) {
    try {
      await (await executor.attach(id)).detach();
    } catch (error) {
      return error as Error & Record<string, unknown>;
    }
    await othersRun(executor);
  }
}

/** Starts what runs until the gate is opened, after `words`. */
function held(executor: Executor, gate: Gate, ...words: (string | number)[]): Subprocess {
  return start(executor, actor(...words, 'await', gate.path, 'text', 'the end', 'exit', 8));
}

export function attachSuite(open: Open): void {
  describe('attach', () => {
    test('to one that runs: what was, then what comes, and the same facts', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = held(executor, gate, 'out', 100_000, 'flushed', 'etext', 'error');
      await new Promise((resolve) => source.on('stderr', resolve));
      const other = await executor.attach(source.id);
      expect([other.id, other.pid]).toEqual([source.id, await source.started]);
      expect(await other.started).toBe(source.pid);
      const [stdout, stderr] = [piped(other.stdout).bytes(), piped(other.stderr).text()];
      gate.release();
      const expected = Buffer.concat([pattern(100_000, 0, 1), Buffer.from('the end')]);
      expect((await stdout).equals(expected)).toBe(true);
      expect(await stderr).toBe('error');
      expect(await other.wait()).toEqual(await source.wait());
      expect(await other.wait()).toMatchObject({ code: 8, reason: 'exited' });
    });

    test('before the start: everything', async () => {
      const executor = await open();
      const source = start(executor, actor('text', 'all', 'exit', 2));
      const other = await executor.attach(source.id);
      expect(await piped(other.stdout).text()).toBe('all');
      expect(await other.wait()).toEqual(await source.wait());
    });

    test('to one that has ended: the same story', async () => {
      const executor = await open();
      const source = start(executor, actor('text', 'first-output', 'etext', 'error', 'exit', 0));
      const info = await source.wait();
      const other = await executor.attach(source.id);
      expect(await piped(other.stdout).text()).toBe('first-output');
      expect(await piped(other.stderr).text()).toBe('error');
      expect(await other.wait()).toEqual(info);
      expect([other.pid, other.kill(), other.kill(0)]).toEqual([info.pid, false, false]);
    });

    test('by the chosen id, and to what run started', async () => {
      const executor = await open();
      const id = freshId();
      const { file, args } = actor('text', 'of run', 'exit', 0);
      await executor.run(file, args, { id });
      const other = await executor.attach(id);
      expect(await piped(other.stdout).text()).toBe('of run');
    });

    test('afterSeq: only what is behind it, in each way of reading', async () => {
      const executor = await open();
      const words = ['text', 'a', 'flushed', 'etext', 'b', 'flushed', 'text', 'c', 'flushed', 'exit', 0];
      const source = start(executor, actor(...words));
      const whole = await all(source.events());
      for (const afterSeq of range(0, whole.length)) {
        const expected = whole.slice(afterSeq);
        const attached = () => executor.attach(source.id, { afterSeq });
        const byStreams = await attached();
        const streams = [piped(byStreams.stdout).bytes(), piped(byStreams.stderr).bytes()];
        expect(await Promise.all(streams)).toEqual([bytesOf(expected, 'stdout'), bytesOf(expected, 'stderr')]);
        const byListeners = await attached();
        const seqs: number[] = [];
        for (const name of ['stdout', 'stderr'] as const) byListeners.on(name, (_, seq) => seqs.push(seq));
        await new Promise((resolve) => byListeners.on('exit', resolve));
        expect(seqs).toEqual(seqsOf(expected.filter(({ type }) => type === 'stdout' || type === 'stderr')));
        const byEvents = await attached();
        expect(await all(byEvents.events())).toEqual(expected);
        expect((await byEvents.read()).events).toEqual(expected);
        // A handle's own beginning holds only where nothing else is said.
        expect(await all(byEvents.events({ afterSeq: 0 }))).toEqual(whole);
      }
    });

    test.each([-1, 1.5, 1000, '0', null])('afterSeq: %j is refused', async (afterSeq) => {
      const executor = await open();
      const source = start(executor, actor('exit', 0));
      await source.wait();
      const misuse = { code: 'ERR_LASTBYTE_INVALID_ARGUMENT' };
      expect(await rejection(executor.attach(source.id, { afterSeq: afterSeq as number }))).toMatchObject(misuse);
    });

    test.each([undefined, '', 5, 'x'.repeat(257)])('the id %j is refused', async (id) => {
      const misuse = { code: 'ERR_LASTBYTE_INVALID_ARGUMENT', argument: 'id' };
      expect(await rejection((await open()).attach(id as string))).toMatchObject(misuse);
    });

    test('a hundred handles at once: all the same', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = held(executor, gate, 'out', 50_000);
      await source.started;
      const others = await Promise.all(range(1, 100).map(() => executor.attach(source.id)));
      const texts = others.map((other) => piped(other.stdout).bytes());
      const waits = others.map((other) => other.wait());
      gate.release();
      const expected = Buffer.concat([pattern(50_000, 0, 1), Buffer.from('the end')]);
      expect((await Promise.all(texts)).every((text) => text.equals(expected))).toBe(true);
      const info = await source.wait();
      expect(await Promise.all(waits)).toEqual(waits.map(() => info));
    });

    test('a handle does what the first one does: kill, terminate, on', async () => {
      const executor = await open();
      const source = start(executor, actor('ignore', 10, 'text', 'ready', 'pause'));
      const other = await executor.attach(source.id);
      await new Promise((resolve) => other.on('stdout', resolve));
      expect([other.kill(0), other.kill('SIGUSR1')]).toEqual([true, true]);
      expect(await other.terminate()).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
      expect(await source.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
    });

    test('a reader that came late to a small log: lag says exactly what it has missed', async () => {
      const executor = await open();
      const words = ['fork', '{', 'err', 5000, '}', 'out', 300_000];
      const source = start(executor, actor(...words), { retainBytes: 1000 });
      await source.wait();
      const other = await executor.attach(source.id);
      const lags: unknown[] = [];
      other.on('lag', (dropped) => lags.push(dropped));
      expect((await piped(other.stdout).bytes()).equals(pattern(1000, 299_000, 1))).toBe(true);
      expect(other.lag).toEqual({ stdout: 299_000, stderr: 0 });
      expect((await piped(other.stderr).bytes()).equals(pattern(1000, 4000, 2))).toBe(true);
      expect(other.lag).toEqual({ stdout: 299_000, stderr: 4000 });
      expect(lags).toEqual([
        { stdout: 299_000, stderr: 0 },
        { stdout: 0, stderr: 4000 },
      ]);
      expect(source.lag).toEqual({ stdout: 0, stderr: 0 });
    });

    test('a reader of an attached handle holds the child back, as any reader does', async () => {
      const executor = await open();
      const size = 10_000_000;
      const gate = new Gate();
      const source = start(executor, actor('await', gate.path, 'out', size), { retainBytes: 1000 });
      const other = await executor.attach(source.id);
      const chunks = piped(other.stdout)[Symbol.asyncIterator]();
      const exit = source.wait();
      gate.release();
      const parts: Buffer[] = [];
      for await (const chunk of chunks) {
        parts.push(chunk);
        if (parts.length < 20) await othersRun(executor);
      }
      expect(Buffer.concat(parts).equals(pattern(size, 0, 1))).toBe(true);
      expect(other.lag).toEqual({ stdout: 0, stderr: 0 });
      expect((await exit).dropped).toEqual({ stdout: 0, stderr: 0 });
    });
  });

  describe('attach to what is not there', () => {
    test('an id that never was is unknown', async () => {
      const id = freshId();
      const unknown = { name: 'UnknownExecutionError', code: 'ERR_LASTBYTE_UNKNOWN_EXECUTION', id };
      expect(await rejection((await open()).attach(id))).toMatchObject(unknown);
    });

    test('one whose log has gone is evicted, and says how it ended', async () => {
      const executor = await open();
      const source = start(executor, actor('text', 'gone', 'exit', 6), { retainMs: 1 });
      const info = await source.wait();
      const evicted = { name: 'EvictedError', code: 'ERR_LASTBYTE_EVICTED', id: source.id };
      expect(await attachError(executor, source.id)).toMatchObject({ ...evicted, info });
      expect(await rejection(source.read())).toMatchObject({ ...evicted, info });
      expect(await refusal(() => all(source.events()))).toMatchObject(evicted);
      // What is known of it can be asked for as long as somebody has a handle.
      expect(await source.wait()).toEqual(info);
      expect(await source.started).toBe(info.pid);
      const again = () => start(executor, actor('exit', 0), { id: source.id }).wait();
      expect(await refusal(again)).toMatchObject({ code: 'ERR_LASTBYTE_ID_IN_USE' });
    });

    test('a start that failed is retained, too', async () => {
      const executor = await open();
      const source = executor.spawn('/nowhere');
      const error = await rejection(source.wait());
      const other = await executor.attach(source.id);
      expect(await rejection(other.wait())).toMatchObject({ name: 'SpawnError', code: 'ENOENT', id: source.id });
      expect(await rejection(other.started)).toMatchObject({ code: error.code, message: error.message });
      expect(await refusal(() => all(other.events()))).toMatchObject({ code: 'ENOENT' });
    });

    test('a start that failed, when it has gone: evicted, by reason of that', async () => {
      const executor = await open();
      const source = executor.spawn('/nowhere', { retainMs: 1 });
      await rejection(source.wait());
      const error = await attachError(executor, source.id);
      expect(error).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED', cause: { name: 'SpawnError', code: 'ENOENT' } });
      expect('info' in error).toBe(false);
    });
  });
}
