import type { ByteStream, Executor, Subprocess } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { PatternCheck, pattern } from '../support/pattern.js';
import { blockedInWrite, bytesWritten } from '../support/proc.js';
import { type Open, othersRun, range, start } from './open.js';

/** Resolves when the child gets nothing more written. */
export async function heldBack(executor: Executor, source: Subprocess): Promise<void> {
  const pid = await source.started;
  for (let before = -1; before !== bytesWritten(pid); ) {
    before = bytesWritten(pid);
    await blockedInWrite(pid);
    await othersRun(executor);
  }
}

/** The same bytes in each form that a stream can be read in. */
const readers: Record<string, (stream: ByteStream) => Promise<Buffer>> = {
  'for await': async (stream) => Buffer.concat(await all(stream)),
  bytes: (stream) => stream.bytes(),
  text: async (stream) => Buffer.from(await stream.text()),
  lines: async (stream) => Buffer.from((await all(stream.lines())).map((line) => `${line}\n`).join('')),
  readable: async (stream) => Buffer.concat(await stream.readable().toArray()),
  web: async (stream) => Buffer.concat(await all(stream.web())),
};

export function streamsSuite(open: Open): void {
  describe.each(Object.entries(readers))('a stream by %s', (_, read) => {
    test('has every byte, then its end', async () => {
      const source = (await open()).spawn('cat', { stdin: 'pipe' });
      const whole = read(piped(source.stdout));
      const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i} ä€😀\n`).join('');
      piped(source.stdin).end(lines);
      expect((await whole).equals(Buffer.from(lines))).toBe(true);
      expect(await source.wait()).toMatchObject({ code: 0, outputComplete: true, dropped: { stdout: 0, stderr: 0 } });
    });

    test('has what was written before the reader came, also after the exit', async () => {
      const source = start(await open(), actor('text', 'early\n', 'etext', 'error\n', 'exit', 3));
      expect((await source.wait()).code).toBe(3);
      expect(String(await read(piped(source.stdout)))).toBe('early\n');
      expect(String(await read(piped(source.stderr)))).toBe('error\n');
    });
  });

  describe('streams', () => {
    test('10 MB of both at once, in order', async () => {
      const size = 10_000_000;
      const source = start(await open(), actor('fork', '{', 'err', size, '}', 'out', size));
      const checks = [new PatternCheck(1), new PatternCheck(2)] as const;
      await Promise.all(
        [source.stdout, source.stderr].map(async (stream, i) => {
          for await (const chunk of piped(stream)) checks[i]?.add(chunk);
        }),
      );
      expect(checks.map(({ length, matched }) => [length, matched])).toEqual([
        [size, size],
        [size, size],
      ]);
      expect(await source.wait()).toMatchObject({ outputComplete: true, dropped: { stdout: 0, stderr: 0 } });
    });

    test('json parses the whole of it', async () => {
      const source = start(await open(), actor('text', '{"a": [1,', 'flushed', 'text', '"ä"]}'));
      expect(await piped(source.stdout).json()).toEqual({ a: [1, 'ä'] });
      await source.wait();
    });

    test('are null where they are no pipe', async () => {
      const source = start(await open(), actor('text', 'a', 'etext', 'b'), { stdout: 'ignore', stderr: 'ignore' });
      expect([source.stdin, source.stdout, source.stderr]).toEqual([null, null, null]);
      expect(() => source.on('stdout', () => {})).toThrow('stdout is not a pipe');
      expect(await source.wait()).toMatchObject({ code: 0, dropped: { stdout: 0, stderr: 0 } });
    });

    test('have one reader: a second is refused, and the first is not harmed', async () => {
      const source = (await open()).spawn('cat', { stdin: 'pipe' });
      const first = piped(source.stdout)[Symbol.asyncIterator]();
      const attached = { name: 'AttachedError', code: 'ERR_LASTBYTE_ATTACHED', id: source.id };
      expect(await rejection(piped(source.stdout).text())).toMatchObject(attached);
      expect(() => source.on('stdout', () => {})).toThrow(expect.objectContaining({ code: attached.code }));
      piped(source.stdin).end('for the first');
      expect(String((await first.next()).value)).toBe('for the first');
      expect((await first.next()).done).toBe(true);
      await source.wait();
    });

    test.each([false, true])('listeners get numbered chunks, then exit (after the end: %s)', async (late) => {
      const source = start(await open(), actor('out', 300_000, 'flushed', 'err', 200_000, 'exit', 4));
      if (late) await source.wait();
      const numbers: (number | undefined)[] = [];
      const checks = { stdout: new PatternCheck(1), stderr: new PatternCheck(2) };
      for (const name of ['stdout', 'stderr'] as const) {
        source.on(name, (chunk, seq) => {
          numbers.push(seq);
          checks[name].add(chunk);
        });
      }
      // It has a number that listeners aren't told.
      source.on('reaped', () => numbers.push(undefined));
      const info = await new Promise((resolve) => source.on('exit', resolve));
      expect(info).toMatchObject({ code: 4 });
      expect(numbers.map((number, i) => number ?? i + 1)).toEqual(range(1, numbers.length));
      expect([checks.stdout.matched, checks.stderr.matched]).toEqual([300_000, 200_000]);
    });

    test('without a reader are drained by wait; dropped says exactly what is not kept', async () => {
      const words = ['fork', '{', 'err', 5000, '}', 'out', 3_000_000];
      const source = start(await open(), actor(...words), { retainBytes: 4096 });
      const info = await source.wait();
      expect(info.dropped).toEqual({ stdout: 3_000_000 - 4096, stderr: 5000 - 4096 });
      expect((await piped(source.stdout).bytes()).equals(pattern(4096, 3_000_000 - 4096, 1))).toBe(true);
      expect((await piped(source.stderr).bytes()).equals(pattern(4096, 5000 - 4096, 2))).toBe(true);
    });

    test('the end of one comes before the child’s', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('text', 'all', 'close', 1, 'await', gate.path));
      expect(await piped(source.stdout).text()).toBe('all');
      expect(source.kill(0)).toBe(true);
      gate.release();
      await source.wait();
    });
  });

  describe('a grandchild that holds a stream', () => {
    test('reaped comes before its output, exit after it', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('fork', '{', 'await', gate.path, 'text', 'late', '}', 'exit', 6));
      const order: string[] = [];
      source.on('stdout', (chunk) => order.push(String(chunk))).on('exit', () => order.push('exit'));
      const reaped = await new Promise((resolve) => source.on('reaped', resolve));
      expect(reaped).toMatchObject({ code: 6, reason: 'exited', pid: source.pid });
      await othersRun(executor);
      expect(order).toEqual([]);
      gate.release();
      expect(await source.wait()).toMatchObject({ code: 6, outputComplete: true });
      expect(order).toEqual(['late', 'exit']);
    });

    test('drain: idleMs cuts it, and outputComplete says so', async () => {
      const gate = new Gate();
      const words = ['text', 'all there is', 'fork', '{', 'await', gate.path, '}', 'exit', 0];
      const source = start(await open(), actor(...words), { drain: { idleMs: 20 } });
      expect(await piped(source.stdout).text()).toBe('all there is');
      expect(await source.wait()).toMatchObject({ code: 0, reason: 'exited', outputComplete: false });
      gate.release();
    });

    test('drain: deadlineMs cuts one that never stops', async () => {
      const words = ['fork', '{', 'forever', '}', 'exit', 0];
      const source = start(await open(), actor(...words), { drain: { deadlineMs: 50 } });
      const bytes = await piped(source.stdout).bytes();
      expect(bytes.equals(pattern(bytes.length, 0, 1))).toBe(true);
      expect(await source.wait()).toMatchObject({ code: 0, outputComplete: false });
    });
  });

  describe('backpressure', () => {
    test('a reader that stops holds the child back, and misses nothing when it goes on', async () => {
      const executor = await open();
      const size = 30_000_000;
      const source = start(executor, actor('out', size), { retainBytes: 1000 });
      const chunks = piped(source.stdout)[Symbol.asyncIterator]();
      const check = new PatternCheck(1);
      check.add((await chunks.next()).value as Buffer);
      await heldBack(executor, source);
      for await (const chunk of chunks) check.add(chunk);
      expect([check.length, check.matched]).toEqual([size, size]);
      expect((await source.wait()).dropped).toEqual({ stdout: 0, stderr: 0 });
    });

    test('a stream that is held back holds up neither the other one nor other executions', async () => {
      const executor = await open();
      const size = 3_000_000;
      const words = ['fork', '{', 'forever', '}', 'err', size, 'close', 2, 'pause'];
      const source = start(executor, actor(...words));
      piped(source.stdout)[Symbol.asyncIterator]();
      const stderr = new PatternCheck(2);
      source.on('stderr', (chunk) => stderr.add(chunk));
      while (stderr.length < size) await othersRun(executor);
      expect(stderr.matched).toBe(size);
      expect(await source.terminate({ graceMs: 0 })).toMatchObject({ reason: 'killed' });
    });

    test('leaving the loop closes the pipe: who writes there gets EPIPE', async () => {
      const source = start(await open(), actor('ignore', 13, 'forever'));
      for await (const chunk of piped(source.stdout)) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      expect(await source.wait()).toMatchObject({ code: 101, reason: 'exited', outputComplete: false });
    });
  });
}
