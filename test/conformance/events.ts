import type { ExecutionEvent } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, piped } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';
import { bytesOf, type Open, range, seqsOf, start } from './open.js';
import { heldBack } from './streams.js';

/** The n-th event has the number n; one Reaped; Exit is the last. */
function expectWhole(events: ExecutionEvent[]): void {
  expect(seqsOf(events)).toEqual(range(1, events.length));
  const types = events.map(({ type }) => type);
  expect(types.filter((type) => type === 'reaped')).toHaveLength(1);
  expect(types.indexOf('exit')).toBe(types.length - 1);
}

export function eventsSuite(open: Open): void {
  describe('events', () => {
    test('are numbered 1, 2, 3 … over both streams, reaped and exit; exit is the last', async () => {
      const source = start(await open(), actor('fork', '{', 'err', 500_000, '}', 'out', 700_000, 'exit', 4));
      const events = await all(source.events());
      expectWhole(events);
      expect(bytesOf(events, 'stdout').equals(pattern(700_000, 0, 1))).toBe(true);
      expect(bytesOf(events, 'stderr').equals(pattern(500_000, 0, 2))).toBe(true);
      const info = await source.wait();
      expect(events.at(-1)).toEqual({ type: 'exit', seq: events.length, info });
      expect(info).toMatchObject({ code: 4, dropped: { stdout: 0, stderr: 0 } });
    });

    test('are the same for readers that come together, and for one that comes after the end', async () => {
      const source = start(await open(), actor('out', 200_000, 'flushed', 'err', 100_000, 'exit', 1));
      const readers = await Promise.all([all(source.events()), all(source.events())]);
      const late = await all(source.events());
      for (const events of [...readers, late]) expectWhole(events);
      expect(readers[1]).toEqual(readers[0]);
      expect(late).toEqual(readers[0]);
    });

    test('of a child that writes nothing are reaped and exit', async () => {
      const source = start(await open(), actor('exit', 2));
      const info = await source.wait();
      const [reaped, ...others] = await all(source.events());
      // The system's figures may still grow until Exit.
      const usage = expect.any(Object);
      expect(reaped).toEqual({ type: 'reaped', seq: 1, info: { ...info, usage } });
      expect(others).toEqual([{ type: 'exit', seq: 2, info }]);
    });

    test('behind afterSeq are those behind it', async () => {
      const words = ['text', 'a', 'flushed', 'etext', 'b', 'flushed', 'text', 'c', 'flushed', 'exit', 0];
      const source = start(await open(), actor(...words));
      const whole = await all(source.events());
      for (const afterSeq of range(0, whole.length)) {
        expect(await all(source.events({ afterSeq }))).toEqual(whole.slice(afterSeq));
      }
    });

    test.each([-1, 1.5, 1_000_000, Number.NaN, '1'])('afterSeq: %j is refused', async (afterSeq) => {
      const source = start(await open(), actor('exit', 0));
      await source.wait();
      const misuse = expect.objectContaining({ code: 'ERR_LASTBYTE_INVALID_ARGUMENT', argument: 'afterSeq' });
      expect(() => source.events({ afterSeq: afterSeq as number })).toThrow(misuse);
    });

    test('come while the child runs, reaped before what a grandchild still writes', async () => {
      const gate = new Gate();
      const words = ['text', 'early', 'fork', '{', 'await', gate.path, 'text', 'late', '}', 'flushed', 'exit', 3];
      const source = start(await open(), actor(...words));
      const events = source.events();
      expect((await events.next()).value).toMatchObject({ type: 'stdout', seq: 1, data: Buffer.from('early') });
      expect((await events.next()).value).toMatchObject({ type: 'reaped', seq: 2, info: { code: 3 } });
      gate.release();
      expect((await events.next()).value).toMatchObject({ type: 'stdout', seq: 3, data: Buffer.from('late') });
      expect((await events.next()).value).toMatchObject({ type: 'exit', seq: 4, info: { code: 3 } });
      expect(await events.next()).toEqual({ done: true, value: undefined });
    });

    test('that were left touch nothing: the child writes on, and others read on', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('text', 'a', 'flushed', 'await', gate.path, 'out', 500_000));
      const other = all(source.events());
      for await (const event of source.events()) {
        expect(event.type).toBe('stdout');
        break;
      }
      gate.release();
      expect((await other).map(({ type }) => type).slice(-1)).toEqual(['exit']);
      expect(bytesOf(await other, 'stdout').length).toBe(500_001);
      expect(await source.wait()).toMatchObject({ code: 0, outputComplete: true });
    });

    test('beside a byte reader: both get everything', async () => {
      const source = start(await open(), actor('out', 500_000));
      const [bytes, events] = await Promise.all([piped(source.stdout).bytes(), all(source.events())]);
      expect(bytes.equals(pattern(500_000, 0, 1))).toBe(true);
      expect(bytesOf(events, 'stdout').equals(bytes)).toBe(true);
    });
  });

  describe('events of a log that is too small', () => {
    test('begin with one lag of exactly what is missing', async () => {
      const words = ['fork', '{', 'err', 5000, '}', 'out', 300_000];
      const source = start(await open(), actor(...words), { retainBytes: 1000 });
      const info = await source.wait();
      const events = await all(source.events());
      expect(events[0]).toEqual({ type: 'lag', dropped: { stdout: 299_000, stderr: 4000 } });
      expect(bytesOf(events, 'stdout').equals(pattern(1000, 299_000, 1))).toBe(true);
      expect(bytesOf(events, 'stderr').equals(pattern(1000, 4000, 2))).toBe(true);
      expect(events.filter(({ type }) => type === 'lag')).toHaveLength(1);
      expect(events.at(-1)).toMatchObject({ type: 'exit', info });
      expect(info.dropped).toEqual({ stdout: 299_000, stderr: 4000 });
    });

    test('say with each lag what a slow reader has missed: received and lag are all there was', async () => {
      const executor = await open();
      const gate = new Gate();
      const size = 2_000_000;
      const words = ['text', 'x', 'flushed', 'await', gate.path, 'out', size, 'flushed', 'await', gate.path, 'out', 5];
      const source = start(executor, actor(...words), { retainBytes: 10_000 });
      const events = source.events();
      expect((await events.next()).value).toMatchObject({ type: 'stdout', seq: 1 });
      const pushed = new Promise<void>((resolve) => {
        let length = 0;
        source.on('stdout', (chunk) => {
          length += chunk.length;
          if (length >= size) resolve();
        });
      });
      gate.release();
      await pushed;
      const lag = (await events.next()).value as ExecutionEvent & { type: 'lag' };
      expect(lag).toEqual({ type: 'lag', dropped: { stdout: size - 10_000, stderr: 0 } });
      gate.release();
      const rest = await all(events);
      expect(bytesOf(rest, 'stdout').equals(pattern(10_005, size - 10_000, 1))).toBe(true);
      expect(rest.map(({ type }) => type)).not.toContain('lag');
    });

    test('are complete for a lossless reader, which holds the child back', async () => {
      const executor = await open();
      const size = 20_000_000;
      const source = start(executor, actor('out', size), { retainBytes: 0 });
      const events = source.events({ lossless: true });
      const first = (await events.next()).value as ExecutionEvent;
      await heldBack(executor, source);
      const whole = [first, ...(await all(events))];
      expectWhole(whole);
      expect(bytesOf(whole, 'stdout').equals(pattern(size, 0, 1))).toBe(true);
      expect((await source.wait()).dropped).toEqual({ stdout: 0, stderr: 0 });
    });
  });
}
