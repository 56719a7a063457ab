import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClosedError, DetachedError } from '../../lib/errors.js';
import { type ReaderFailure, type ReadOptions, type ReadResult, readLog, readPlan } from '../../lib/log/read.js';
import { deadlines } from '../../lib/shared/deadlines.js';
import { exitInfo, FakeExecution, large } from '../support/event-log.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  expect(deadlines.size).toBe(0);
  deadlines.clear();
  vi.useRealTimers();
});

/** A read, and whether it has been answered. */
function waiting(execution: FakeExecution, options: ReadOptions) {
  const readers = new Set<ReaderFailure>();
  const state = { answered: false, readers, result: readLog(execution.log, readPlan(options, 0), readers) };
  const answered = () => {
    state.answered = true;
  };
  state.result.then(answered, answered);
  return state;
}

/** What could have been answered by now has been. */
const settled = () => new Promise(setImmediate);

const nothing = { events: [], nextSeq: 1, reaped: false, closed: false };

describe('a read that finds nothing', () => {
  it('does not wait where waitMs is 0, or isn’t given', async () => {
    const execution = new FakeExecution();
    expect(await waiting(execution, { waitMs: 0 }).result).toEqual(nothing);
    expect(await waiting(execution, {}).result).toEqual(nothing);
    expect(vi.getTimerCount()).toBe(0);
  });

  const wakers: [string, (execution: FakeExecution) => void, Partial<ReadResult>][] = [
    ['stdout', (execution) => execution.out('x'), { nextSeq: 2, closed: false }],
    ['stderr', (execution) => execution.err('x'), { nextSeq: 2, closed: false }],
    ['reaped', (execution) => execution.reap(), { nextSeq: 2, reaped: true, closed: false }],
    ['exit', (execution) => execution.exit(), { nextSeq: 2, closed: true, exit: exitInfo }],
  ];

  it.each(wakers)('waits for %s', async (type, act, expected) => {
    const execution = new FakeExecution();
    const read = waiting(execution, { waitMs: 1000 });
    vi.advanceTimersByTime(999);
    await settled();
    expect(read.answered).toBe(false);
    expect(read.readers.size).toBe(1);
    act(execution);
    const result = await read.result;
    expect(result).toMatchObject(expected);
    expect(result.events).toMatchObject([{ type, seq: 1 }]);
    expect(read.readers.size).toBe(0);
    expect(deadlines.size).toBe(0);
  });

  it('waits for what could not be kept, too', async () => {
    const execution = new FakeExecution({ retainBytes: 0 });
    const read = waiting(execution, { waitMs: 1000 });
    execution.out('abc');
    expect(await read.result).toEqual({ ...nothing, nextSeq: 2, lag: { stdout: 3, stderr: 0 } });
  });

  it('gets all that has come when it wakes', async () => {
    const execution = new FakeExecution();
    const read = waiting(execution, { waitMs: 1000 });
    execution.out('a');
    execution.err('b');
    execution.reap();
    execution.exit();
    expect((await read.result).events.map(({ type }) => type)).toEqual(['stdout', 'stderr', 'reaped', 'exit']);
  });

  it('waits until the time is up, and then says that there is nothing', async () => {
    const execution = new FakeExecution();
    const read = waiting(execution, { waitMs: 1000 });
    vi.advanceTimersByTime(999);
    await settled();
    expect(read.answered).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await read.result).toEqual(nothing);
    expect(read.readers.size).toBe(0);
    // What comes then is for the next one.
    execution.out('late');
    expect((await waiting(execution, { waitMs: 1000 }).result).nextSeq).toBe(2);
  });

  it('behind the newest event waits for the next: that one does not grow', async () => {
    const execution = new FakeExecution();
    execution.out('a');
    const read = waiting(execution, { afterSeq: 1, waitMs: 1000 });
    execution.out('b');
    expect((await read.result).events).toEqual([{ type: 'stdout', seq: 2, data: Buffer.from('b') }]);
  });

  it('a thousand of them are woken by one event', async () => {
    const execution = new FakeExecution();
    const reads = Array.from({ length: 1000 }, () => waiting(execution, { waitMs: 5000 }));
    expect(vi.getTimerCount()).toBe(1);
    execution.out(large('x'));
    for (const { result } of reads) expect((await result).nextSeq).toBe(2);
  });
});

describe('a read that does not have to wait', () => {
  it('because there is output', async () => {
    const execution = new FakeExecution();
    execution.out('x');
    expect((await waiting(execution, { waitMs: 1000 }).result).nextSeq).toBe(2);
  });

  it('because there is lag', async () => {
    const execution = new FakeExecution({ retainBytes: 0 });
    execution.out('x');
    expect(await waiting(execution, { waitMs: 1000 }).result).toMatchObject({ nextSeq: 2, lag: { stdout: 1 } });
  });

  it('because nothing can come any more', async () => {
    const execution = new FakeExecution();
    execution.reap();
    execution.exit();
    const result = await waiting(execution, { afterSeq: 2, waitMs: 1000 }).result;
    expect(result).toEqual({ events: [], nextSeq: 3, reaped: true, closed: true, exit: exitInfo });
  });
});

describe('a read that fails', () => {
  it('while it waits, when the log does', async () => {
    const execution = new FakeExecution();
    const read = waiting(execution, { waitMs: 1000 });
    const error = new ClosedError('closed');
    execution.fail(error);
    await expect(read.result).rejects.toBe(error);
    expect(read.readers.size).toBe(0);
  });

  it('when the log has, whatever is kept', async () => {
    const execution = new FakeExecution();
    execution.out('x');
    const error = new ClosedError('closed');
    execution.fail(error);
    execution.fail(new ClosedError('a second time'));
    await expect(waiting(execution, { waitMs: 1000 }).result).rejects.toBe(error);
    await expect(waiting(execution, { afterSeq: 1 }).result).rejects.toBe(error);
  });

  it('when its handle goes; the others of the log go on waiting', async () => {
    const execution = new FakeExecution();
    const [read, other] = [waiting(execution, { waitMs: 1000 }), waiting(execution, { waitMs: 1000 })];
    const error = new DetachedError('test-1');
    for (const fail of read.readers) fail(error);
    await expect(read.result).rejects.toBe(error);
    expect(other.answered).toBe(false);
    execution.out('x');
    expect((await other.result).nextSeq).toBe(2);
  });

  it('when its signal is aborted, with the reason as the cause', async () => {
    const execution = new FakeExecution();
    const controller = new AbortController();
    const read = waiting(execution, { waitMs: 1000, signal: controller.signal });
    const other = waiting(execution, { waitMs: 1000 });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(read.result).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      id: 'test-1',
      message: 'The read of execution test-1 was aborted',
      cause: reason,
    });
    expect(read.readers.size).toBe(0);
    execution.out('x');
    expect((await other.result).nextSeq).toBe(2);
  });

  it('when its signal has been aborted, whatever there is', async () => {
    const execution = new FakeExecution();
    execution.out('x');
    const read = waiting(execution, { waitMs: 1000, signal: AbortSignal.abort('no') });
    await expect(read.result).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'no' });
  });

  it('leaves nothing at its signal, however it ends', async () => {
    const execution = new FakeExecution();
    const { signal } = new AbortController();
    const reads = [1, 2].map(() => waiting(execution, { waitMs: 10, signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    vi.advanceTimersByTime(10);
    for (const { result } of reads) await result;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    const read = waiting(execution, { waitMs: 10, signal });
    execution.out('x');
    await read.result;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
