import { describe, expect, it } from 'vitest';
import type { ExecutionEvent } from '../../lib/log/event-log.js';
import { type ReadOptions, type ReadResult, readLog, readPlan } from '../../lib/log/read.js';
import { lagChannel } from '../../lib/shared/diagnostics.js';
import { exitInfo, FakeExecution, large } from '../support/event-log.js';

const read = ({ log }: FakeExecution, options: ReadOptions = {}) => readLog(log, readPlan(options, 0), new Set());

const brief = (event: ExecutionEvent) =>
  'data' in event ? `${event.seq} ${event.type} ${event.data}` : `${'seq' in event ? event.seq : ''} ${event.type}`;

/** What was read, with each event as a word or two. */
async function told(result: Promise<ReadResult>) {
  const { events, ...rest } = await result;
  return { events: events.map(brief), ...rest };
}

/** All reads from `afterSeq` to the end of what there is now. */
async function readAll(execution: FakeExecution, options: ReadOptions = {}): Promise<ReadResult[]> {
  const results: ReadResult[] = [];
  for (let afterSeq = options.afterSeq ?? 0; ; ) {
    const result = await read(execution, { ...options, afterSeq });
    results.push(result);
    afterSeq = result.nextSeq - 1;
    if (afterSeq === execution.log.seq) return results;
  }
}

const bytesOf = (results: ReadResult[], type: 'stdout' | 'stderr') =>
  results
    .flatMap(({ events }) => events)
    .reduce((sum, event) => sum + (event.type === type && 'data' in event ? event.data.length : 0), 0);

const lagOf = (results: ReadResult[], type: 'stdout' | 'stderr') =>
  results.reduce((sum, { lag }) => sum + (lag?.[type] ?? 0), 0);

describe('read', () => {
  it('gives everything in its order, and where to read on', async () => {
    const execution = new FakeExecution();
    execution.out('a');
    execution.err('b');
    execution.out('c');
    const events = ['1 stdout a', '2 stderr b', '3 stdout c'];
    expect(await told(read(execution))).toEqual({ events, nextSeq: 4, reaped: false, closed: false });
    execution.reap();
    execution.err('d');
    execution.exit();
    expect(await told(read(execution))).toEqual({
      events: [...events, '4 reaped', '5 stderr d', '6 exit'],
      nextSeq: 7,
      reaped: true,
      closed: true,
      exit: exitInfo,
    });
  });

  it('gives the same to everybody, by reference', async () => {
    const execution = new FakeExecution({ retainBytes: 10_000 });
    const chunk = large('x');
    execution.out(chunk);
    for (const { events } of [await read(execution), await read(execution)]) {
      expect((events[0] as { data: Buffer }).data).toBe(chunk);
    }
  });

  it('gives only what is behind afterSeq', async () => {
    const execution = new FakeExecution();
    execution.out('a');
    execution.err('b');
    execution.reap();
    execution.exit();
    const behind = (afterSeq: number) => told(read(execution, { afterSeq }));
    const over = { nextSeq: 5, reaped: true, closed: true, exit: exitInfo };
    expect(await behind(1)).toEqual({ events: ['2 stderr b', '3 reaped', '4 exit'], ...over });
    expect(await behind(2)).toEqual({ events: ['3 reaped', '4 exit'], ...over });
    expect(await behind(3)).toEqual({ events: ['4 exit'], ...over });
    expect(await behind(4)).toEqual({ events: [], ...over });
  });

  it('of an empty log gives nothing', async () => {
    const nothing = { events: [], nextSeq: 1, reaped: false, closed: false };
    expect(await told(read(new FakeExecution()))).toEqual(nothing);
    expect(await told(read(new FakeExecution({ stdout: false, stderr: false })))).toEqual(nothing);
  });

  it('an event that somebody stands behind does not grow', async () => {
    const execution = new FakeExecution();
    execution.out('a');
    expect(await told(read(execution, { afterSeq: 1 }))).toMatchObject({ events: [], nextSeq: 2 });
    execution.out('b');
    expect(await told(read(execution, { afterSeq: 1 }))).toMatchObject({ events: ['2 stdout b'], nextSeq: 3 });
    expect(await told(read(execution))).toMatchObject({ events: ['1 stdout a', '2 stdout b'] });
  });

  it('gives no credit back: nobody holds the child, nobody lets it go twice', async () => {
    const execution = new FakeExecution({ retainBytes: 10 });
    execution.out(large('a'));
    await read(execution);
    await read(execution);
    expect(execution.execution.credit).toEqual({ 1: 5000, 2: 0 });
    expect(execution.log.dropped()).toEqual({ stdout: 4990, stderr: 0 });
  });
});

describe('maxBytes', () => {
  it('gives one chunk at least, whatever it says', async () => {
    const execution = new FakeExecution({ retainBytes: 100_000 });
    execution.out(large('a'));
    execution.out(large('b'));
    const result = await read(execution, { maxBytes: 1 });
    expect(result.events).toMatchObject([{ type: 'stdout', seq: 1, data: { length: 5000 } }]);
    expect(result.nextSeq).toBe(2);
  });

  it('takes what fits in, to the byte', async () => {
    const execution = new FakeExecution({ retainBytes: 100_000 });
    for (const fill of 'abc') execution.out(large(fill));
    expect((await read(execution, { maxBytes: 10_000 })).nextSeq).toBe(3);
    expect((await read(execution, { maxBytes: 9999 })).nextSeq).toBe(2);
    expect((await read(execution, { maxBytes: 15_000 })).nextSeq).toBe(4);
  });

  it('counts both streams together', async () => {
    const execution = new FakeExecution({ retainBytes: 100_000 });
    execution.out(large('a'));
    execution.err(large('b'));
    execution.out(large('c'));
    const seqs = (await readAll(execution, { maxBytes: 12_000 })).map(({ events }) =>
      events.map((each) => 'seq' in each && each.seq),
    );
    expect(seqs).toEqual([[1, 2], [3]]);
  });

  it('is not counted for reaped and exit, which come along up to the cut', async () => {
    const execution = new FakeExecution({ retainBytes: 100_000 });
    execution.out(large('a'));
    execution.reap();
    execution.out(large('b'));
    execution.exit();
    const [first, second] = await readAll(execution, { maxBytes: 5000 });
    expect(first).toMatchObject({ nextSeq: 3, reaped: true, closed: false });
    expect(first?.events.map(({ type }) => type)).toEqual(['stdout', 'reaped']);
    expect(first).not.toHaveProperty('exit');
    expect(second).toMatchObject({ nextSeq: 5, reaped: true, closed: true, exit: exitInfo });
    expect(second?.events.map(({ type }) => type)).toEqual(['stdout', 'exit']);
  });

  it('what lies behind the cut is not known yet', async () => {
    const execution = new FakeExecution({ retainBytes: 100_000 });
    execution.out(large('a'));
    execution.out(large('b'));
    execution.reap();
    execution.exit();
    const result = await read(execution, { maxBytes: 1 });
    expect(result).toMatchObject({ nextSeq: 2, reaped: false, closed: false });
    expect(result).not.toHaveProperty('exit');
  });

  it('is 1 MiB where it is not said', async () => {
    const execution = new FakeExecution({ retainBytes: 10 << 20 });
    for (let i = 0; i < 40; i++) execution.out(large('x', 1 << 16));
    const results = await readAll(execution);
    expect(results.map(({ events }) => events.length)).toEqual([16, 16, 8]);
  });
});

describe('lag', () => {
  /** Twelve chunks of 5000 bytes, every third on stderr; the log keeps 7000 of each stream. */
  function lagging() {
    const execution = new FakeExecution({ retainBytes: 7000 });
    for (let i = 1; i <= 12; i++) {
      if (i % 3 === 0) execution.err(large('e'));
      else execution.out(large('o'));
    }
    return execution;
  }

  it('is exact behind any event', async () => {
    const execution = lagging();
    for (let afterSeq = 0; afterSeq <= 12; afterSeq++) {
      const result = await read(execution, { afterSeq });
      const behind = Array.from({ length: 12 - afterSeq }, (_, i) => afterSeq + 1 + i);
      const stderr = behind.filter((seq) => seq % 3 === 0).length * 5000;
      const stdout = behind.length * 5000 - stderr;
      expect(lagOf([result], 'stdout') + bytesOf([result], 'stdout')).toBe(stdout);
      expect(lagOf([result], 'stderr') + bytesOf([result], 'stderr')).toBe(stderr);
      expect(lagOf([result], 'stdout')).toBe(Math.max(0, stdout - 7000));
      expect(lagOf([result], 'stderr')).toBe(Math.max(0, stderr - 7000));
      expect(result.nextSeq).toBe(13);
    }
  });

  it('is not there where nothing is missing', async () => {
    expect(await read(lagging(), { afterSeq: 10 })).not.toHaveProperty('lag');
  });

  it('is counted once over reads that follow each other, wherever they are cut', async () => {
    for (const maxBytes of [1, 2000, 4999, 5000, 7000, 9000, 12_000, 100_000]) {
      const execution = lagging();
      const results = await readAll(execution, { maxBytes });
      expect([lagOf(results, 'stdout'), lagOf(results, 'stderr')]).toEqual([33_000, 13_000]);
      expect([bytesOf(results, 'stdout'), bytesOf(results, 'stderr')]).toEqual([7000, 7000]);
    }
  });

  it('of a read that was cut is what was lost up to there, and no more', async () => {
    const execution = new FakeExecution({ retainBytes: 5000 });
    execution.err(large('e'));
    for (let i = 0; i < 3; i++) execution.out(large('o'));
    const [first, second] = await readAll(execution, { maxBytes: 1 });
    expect(first).toMatchObject({ nextSeq: 2, events: [{ seq: 1, type: 'stderr' }] });
    expect(first).not.toHaveProperty('lag');
    expect(second).toMatchObject({ nextSeq: 5, events: [{ seq: 4 }], lag: { stdout: 10_000, stderr: 0 } });
  });

  it('comes alone where nothing is kept', async () => {
    const execution = new FakeExecution({ retainBytes: 0 });
    execution.out('ab');
    execution.err('c');
    const lag = { stdout: 2, stderr: 1 };
    expect(await read(execution)).toEqual({ events: [], nextSeq: 3, reaped: false, closed: false, lag });
    execution.reap();
    execution.out('d');
    execution.exit();
    expect(await told(read(execution, { afterSeq: 2 }))).toEqual({
      events: ['3 reaped', '5 exit'],
      nextSeq: 6,
      reaped: true,
      closed: true,
      exit: exitInfo,
      lag: { stdout: 1, stderr: 0 },
    });
  });

  it('is told to the diagnostics channel', async () => {
    const execution = lagging();
    const seen: unknown[] = [];
    const listener = (message: unknown) => void seen.push(message);
    lagChannel.subscribe(listener);
    await read(execution);
    await read(execution, { afterSeq: 11 });
    lagChannel.unsubscribe(listener);
    // Once as it is come upon, and no second time with the result.
    expect(seen).toEqual([{ id: 'test-1', dropped: { stdout: 33_000, stderr: 13_000 } }]);
  });
});

describe('a place that the log has forgotten', () => {
  const MANY = 70_000;

  /** An event of stderr, then so many of stdout, each of which somebody has seen, that the log forgets the oldest. */
  function long() {
    const execution = new FakeExecution({ retainBytes: 100 });
    execution.err('first');
    const { stdout } = execution.log;
    const cursor = { offset: 0, entry: 0 };
    for (let i = 0; i < MANY; i++) {
      execution.out('x');
      stdout?.take(cursor);
    }
    return execution;
  }

  it('is evicted, and says from where it can be read', async () => {
    const execution = long();
    await expect(read(execution, { afterSeq: 1 })).rejects.toMatchObject({
      code: 'ERR_LASTBYTE_EVICTED',
      id: 'test-1',
      message: 'The log no longer knows what came right after event 1; it can be read from 0',
    });
    const result = await read(execution, { afterSeq: MANY - 1000 });
    expect(result).toMatchObject({ nextSeq: MANY + 2, lag: { stdout: 901, stderr: 0 } });
  });

  it('is none that a read ends at', async () => {
    const results = await readAll(long(), { maxBytes: 5 });
    expect(results[0]?.events[0]).toMatchObject({ seq: 1, type: 'stderr' });
    expect([lagOf(results, 'stdout'), lagOf(results, 'stderr')]).toEqual([MANY - 100, 0]);
    expect([bytesOf(results, 'stdout'), bytesOf(results, 'stderr')]).toEqual([100, 5]);
  });
});

describe('misuse', () => {
  it.each([4, -1, 1.5, Number.NaN, '1', null])('there is no event %j', async (afterSeq) => {
    const execution = new FakeExecution();
    execution.out('a');
    execution.err('b');
    execution.out('c');
    await expect(read(execution, { afterSeq: afterSeq as number })).rejects.toMatchObject({
      code: 'ERR_LASTBYTE_INVALID_ARGUMENT',
      argument: 'afterSeq',
      expected: 'the number of an event so far, 0 to 3',
    });
  });

  it.each([0, -1, 1.5, 2 ** 30 + 1, '5', null])('maxBytes is not %j', (maxBytes) => {
    expect(() => readPlan({ maxBytes: maxBytes as number }, 0)).toThrow(
      "'maxBytes' must be a whole number of bytes from 1 to 1073741824; got ",
    );
  });

  it.each([-1, 2 ** 31, Number.NaN, '5', null])('waitMs is not %j', (waitMs) => {
    expect(() => readPlan({ waitMs: waitMs as number }, 0)).toThrow(
      "'waitMs' must be milliseconds from 0 to 2147483647; got ",
    );
  });
});
