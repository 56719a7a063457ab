import type { ReadResult, Subprocess } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';
import { bytesOf, type Open, othersRun, range, seqsOf, start } from './open.js';

/** Reads to the end, each time behind the last. */
async function pages(source: Subprocess, maxBytes?: number): Promise<ReadResult[]> {
  const results: ReadResult[] = [];
  for (let afterSeq = 0; ; ) {
    const result = await source.read({ afterSeq, maxBytes, waitMs: 60_000 });
    results.push(result);
    if (result.closed) return results;
    expect(result.nextSeq).toBe(afterSeq + 1 + result.events.length);
    afterSeq = result.nextSeq - 1;
  }
}

export function readSuite(open: Open): void {
  describe('read', () => {
    test('gives what there is, and the number that comes next', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('text', 'a', 'await', gate.path, 'text', 'b'));
      expect(await source.read({ waitMs: 60_000 })).toEqual({
        events: [{ type: 'stdout', seq: 1, data: Buffer.from('a') }],
        nextSeq: 2,
        reaped: false,
        closed: false,
      });
      expect(await source.read({ afterSeq: 1 })).toEqual({ events: [], nextSeq: 2, reaped: false, closed: false });
      gate.release();
      const info = await source.wait();
      const rest = await source.read({ afterSeq: 1 });
      expect(rest).toMatchObject({ nextSeq: 5, reaped: true, closed: true, exit: info });
      expect(rest.events.map(({ type }) => type).sort()).toEqual(['exit', 'reaped', 'stdout']);
      expect(rest.lag).toBe(undefined);
    });

    test('to the end by long polls: every event once', async () => {
      const source = start(await open(), actor('fork', '{', 'err', 400_000, '}', 'out', 600_000, 'exit', 9));
      const results = await pages(source);
      const events = results.flatMap((result) => result.events);
      expect(seqsOf(events)).toEqual(range(1, events.length));
      expect(bytesOf(events, 'stdout').equals(pattern(600_000, 0, 1))).toBe(true);
      expect(bytesOf(events, 'stderr').equals(pattern(400_000, 0, 2))).toBe(true);
      expect(results.at(-1)).toMatchObject({ closed: true, reaped: true, exit: { code: 9 } });
      expect(results.slice(0, -1).every(({ closed, exit }) => !closed && exit === undefined)).toBe(true);
    });

    test('gives not more than maxBytes, unless one chunk alone is longer', async () => {
      const source = start(await open(), actor('chunk', 5000, 'out', 300_000, 'exit', 0));
      await source.wait();
      const whole = await all(source.events());
      const results = await pages(source, 20_000);
      expect(results.flatMap((result) => result.events)).toEqual(whole);
      for (const { events } of results) {
        const output = events.flatMap((event) => (event.type === 'stdout' ? [event.data.length] : []));
        const sum = output.reduce((total, length) => total + length, 0);
        if (output.length > 1) expect(sum).toBeLessThanOrEqual(20_000);
      }
      expect((await pages(source, 1)).every(({ events }) => bytesOf(events, 'stdout').length <= 65_536)).toBe(true);
    });

    test('tells reaped when its event is behind it, not before', async () => {
      const gate = new Gate();
      const source = start(await open(), actor('fork', '{', 'await', gate.path, 'text', 'late', '}', 'exit', 3));
      const first = await source.read({ waitMs: 60_000 });
      expect(first).toMatchObject({ events: [{ type: 'reaped', seq: 1 }], nextSeq: 2, reaped: true, closed: false });
      const waiting = source.read({ afterSeq: 1, waitMs: 60_000 });
      gate.release();
      const second = await waiting;
      expect(second).toMatchObject({ reaped: true });
      expect(second.events[0]).toMatchObject({ type: 'stdout', seq: 2 });
      expect(await source.wait()).toMatchObject({ code: 3 });
      expect(await source.read({ afterSeq: 2 })).toMatchObject({
        events: [{ type: 'exit' }],
        closed: true,
        nextSeq: 4,
      });
    });

    test('after the end is answered at once, with the exit', async () => {
      const source = start(await open(), actor('exit', 5));
      const info = await source.wait();
      const closed = { events: [], nextSeq: 3, reaped: true, closed: true, exit: info };
      expect(await source.read({ afterSeq: 2, waitMs: 2 ** 31 - 1 })).toEqual(closed);
    });

    test('waits no longer than waitMs', async () => {
      const gate = new Gate();
      const source = start(await open(), actor('await', gate.path));
      const nothing = { events: [], nextSeq: 1, reaped: false, closed: false };
      expect(await source.read({ waitMs: 20 })).toEqual(nothing);
      expect(await source.read()).toEqual(nothing);
      gate.release();
      await source.wait();
    });

    test('is given up by its signal', async () => {
      const gate = new Gate();
      const source = start(await open(), actor('await', gate.path));
      const controller = new AbortController();
      const waiting = source.read({ waitMs: 60_000, signal: controller.signal });
      const other = source.read({ waitMs: 60_000 });
      controller.abort('enough');
      const abort = { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough', id: source.id };
      expect(await rejection(waiting)).toMatchObject(abort);
      expect(await rejection(source.read({ signal: controller.signal }))).toMatchObject(abort);
      gate.release();
      expect((await other).events[0]).toMatchObject({ type: 'reaped' });
      await source.wait();
    });

    test('says how many bytes are missing, no more than up to nextSeq', async () => {
      const words = ['fork', '{', 'err', 5000, '}', 'out', 300_000];
      const source = start(await open(), actor(...words), { retainBytes: 1000 });
      await source.wait();
      const result = await source.read();
      expect(result).toMatchObject({ lag: { stdout: 299_000, stderr: 4000 }, closed: true });
      expect(bytesOf(result.events, 'stdout').equals(pattern(1000, 299_000, 1))).toBe(true);
      expect(bytesOf(result.events, 'stderr').equals(pattern(1000, 4000, 2))).toBe(true);
      const exitSeq = result.nextSeq - 1;
      expect((await source.read({ afterSeq: exitSeq })).lag).toBe(undefined);
    });

    test('does not hold the child back, though nobody reads on', async () => {
      const executor = await open();
      const source = start(executor, actor('out', 10_000_000), { retainBytes: 1000 });
      await source.read();
      for (;;) {
        const entry = (await executor.list()).find(({ id }) => id === source.id);
        if (entry?.state === 'exited') break;
        await othersRun(executor);
      }
      expect((await source.wait()).dropped).toEqual({ stdout: 9_999_000, stderr: 0 });
    });

    test.each([
      [{ afterSeq: 99 }, 'afterSeq'],
      [{ afterSeq: -1 }, 'afterSeq'],
      [{ afterSeq: 0.5 }, 'afterSeq'],
      [{ maxBytes: 0 }, 'maxBytes'],
      [{ maxBytes: 2 ** 30 + 1 }, 'maxBytes'],
      [{ waitMs: -1 }, 'waitMs'],
      [{ waitMs: 2 ** 31 }, 'waitMs'],
      [{ signal: {} }, 'signal'],
      [{ limit: 1 }, 'limit'],
      [5, 'options'],
    ])('%j is refused', async (options, argument) => {
      const source = start(await open(), actor('exit', 0));
      const misuse = { code: 'ERR_LASTBYTE_INVALID_ARGUMENT', argument };
      expect(await rejection(source.read(options as object))).toMatchObject(misuse);
      await source.wait();
    });
  });
}
