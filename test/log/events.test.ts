import { describe, expect, it } from 'vitest';
import { ClosedError, DetachedError, EvictedError } from '../../lib/errors.js';
import type { ExecutionEvent } from '../../lib/log/event-log.js';
import { followEvents } from '../../lib/log/events.js';
import type { ReaderFailure } from '../../lib/log/read.js';
import { lagChannel } from '../../lib/shared/diagnostics.js';
import { exitInfo, FakeExecution, large } from '../support/event-log.js';

const done = { done: true, value: undefined };

function follow({ log }: FakeExecution, { afterSeq = 0, lossless = false } = {}) {
  const readers = new Set<ReaderFailure>();
  return Object.assign(followEvents(log, afterSeq, lossless, readers), { readers });
}

type Events = ReturnType<typeof follow>;

const brief = (event: ExecutionEvent) => {
  if (event.type === 'lag') return `lag ${event.dropped.stdout} ${event.dropped.stderr}`;
  return 'data' in event ? `${event.seq} ${event.type} ${event.data}` : `${event.seq} ${event.type}`;
};

/** The next event as a word or two; what isn't there yet comes as 'none'. */
async function next(events: Events): Promise<string> {
  const { value } = await events.next();
  return value === undefined ? 'done' : brief(value);
}

async function rest(events: Events): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) seen.push(brief(event));
  return seen;
}

describe('events', () => {
  it('replays, then follows, then ends behind exit', async () => {
    const execution = new FakeExecution();
    execution.out('a');
    execution.err('b');
    const events = follow(execution);
    expect([await next(events), await next(events)]).toEqual(['1 stdout a', '2 stderr b']);
    const waits = next(events);
    execution.out('c');
    expect(await waits).toBe('3 stdout c');
    execution.reap();
    execution.err('d');
    execution.exit();
    expect(await rest(events)).toEqual(['4 reaped', '5 stderr d', '6 exit']);
    expect(events.readers.size).toBe(0);
  });

  it('tells reaped and exit with their facts', async () => {
    const execution = new FakeExecution();
    execution.reap();
    execution.exit();
    const events = follow(execution);
    expect((await events.next()).value).toEqual({ type: 'reaped', seq: 1, info: exitInfo });
    expect((await events.next()).value).toEqual({ type: 'exit', seq: 2, info: exitInfo });
    expect(await events.next()).toEqual(done);
  });

  it('gives only what is behind afterSeq', async () => {
    const execution = new FakeExecution();
    execution.out('a');
    execution.reap();
    execution.out('b');
    execution.exit();
    const all = ['1 stdout a', '2 reaped', '3 stdout b', '4 exit'];
    for (let afterSeq = 0; afterSeq <= 4; afterSeq++) {
      expect(await rest(follow(execution, { afterSeq }))).toEqual(all.slice(afterSeq));
    }
  });

  it('behind the newest event begins with the next: that one does not grow', async () => {
    const execution = new FakeExecution();
    execution.out('a');
    const [before, behind] = [follow(execution), follow(execution, { afterSeq: 1 })];
    execution.out('b');
    expect(await next(behind)).toBe('2 stdout b');
    expect([await next(before), await next(before)]).toEqual(['1 stdout a', '2 stdout b']);
  });

  it('is the same for everybody, each at its own pace', async () => {
    const execution = new FakeExecution();
    const [fast, slow] = [follow(execution), follow(execution)];
    const seen: string[] = [];
    for (const byte of 'abc') {
      execution.out(byte);
      seen.push(await next(fast));
    }
    execution.exit();
    seen.push(...(await rest(fast)));
    expect(seen).toEqual(['1 stdout a', '2 stdout b', '3 stdout c', '4 exit']);
    expect(await rest(slow)).toEqual(seen);
    expect(await rest(follow(execution))).toEqual(seen);
  });

  it('answers several pending calls in their order', async () => {
    const execution = new FakeExecution();
    const events = follow(execution);
    const calls = [1, 2, 3, 4].map(() => next(events));
    execution.out('a');
    execution.err('b');
    execution.exit();
    expect(await Promise.all(calls)).toEqual(['1 stdout a', '2 stderr b', '3 exit', 'done']);
  });

  it('of what has no streams are reaped and exit', async () => {
    const execution = new FakeExecution({ stdout: false, stderr: false });
    execution.reap();
    execution.exit();
    expect(await rest(follow(execution))).toEqual(['1 reaped', '2 exit']);
  });
});

describe('leaving', () => {
  it('while it waits: who waits is told that it is done, and what comes wakes nobody', async () => {
    const execution = new FakeExecution();
    const events = follow(execution);
    const calls = [events.next(), events.next()];
    await events.return();
    expect(await Promise.all(calls)).toEqual([done, done]);
    expect(events.readers.size).toBe(0);
    execution.out('x');
    expect(await events.next()).toEqual(done);
    expect(execution.log.sealed).toBe(0);
  });

  it('touches neither the pipe nor the other readers', async () => {
    const execution = new FakeExecution();
    const [events, other] = [follow(execution), follow(execution)];
    execution.out('x');
    for await (const event of events) {
      expect(brief(event)).toBe('1 stdout x');
      break;
    }
    expect(execution.execution.cancelled).toEqual([]);
    expect(await next(other)).toBe('1 stdout x');
  });
});

describe('lag', () => {
  it('is one event for all that went, before what is still there', async () => {
    const execution = new FakeExecution({ retainBytes: 2 });
    execution.out('abcd');
    execution.err('efghi');
    const events = follow(execution);
    expect([await next(events), await next(events), await next(events)]).toEqual([
      'lag 2 3',
      '1 stdout cd',
      '2 stderr hi',
    ]);
  });

  it('comes whenever a reader was too slow, and counts nothing twice', async () => {
    const execution = new FakeExecution({ retainBytes: 5000 });
    const events = follow(execution);
    execution.out(large('a'));
    await next(events);
    for (const fill of 'bcd') execution.out(large(fill));
    expect(await next(events)).toBe('lag 10000 0');
    expect(await next(events)).toBe(`4 stdout ${large('d')}`);
    execution.out(large('e'));
    execution.out(large('f'));
    execution.exit();
    expect(await rest(events)).toEqual(['lag 5000 0', `6 stdout ${large('f')}`, '7 exit']);
  });

  it('comes behind any event with the exact number of bytes', async () => {
    const execution = new FakeExecution({ retainBytes: 5000 });
    for (const fill of 'abcd') execution.out(large(fill));
    const first = await Promise.all([0, 1, 2, 3].map((afterSeq) => next(follow(execution, { afterSeq }))));
    expect(first).toEqual(['lag 15000 0', 'lag 10000 0', 'lag 5000 0', `4 stdout ${large('d')}`]);
  });

  it('is all that there is of a log that keeps nothing, but for who waits for it', async () => {
    const execution = new FakeExecution({ retainBytes: 0 });
    const events = follow(execution);
    const waits = next(events);
    execution.out('abc');
    expect(await waits).toBe('1 stdout abc');
    execution.err('de');
    execution.exit();
    expect(await rest(events)).toEqual(['lag 0 2', '3 exit']);
  });

  it('spares all who wait for the event, however little is kept', async () => {
    const execution = new FakeExecution({ retainBytes: 0 });
    const readers = [follow(execution), follow(execution), follow(execution, { lossless: true }), follow(execution)];
    const waits = readers.map(next);
    execution.out('abc');
    expect(await Promise.all(waits)).toEqual(Array(4).fill('1 stdout abc'));
    expect(execution.log.kept).toBe(0);
    expect(execution.execution.credit[1]).toBe(3);
  });

  it('is told to the diagnostics channel', async () => {
    const execution = new FakeExecution({ retainBytes: 1 });
    execution.out('abc');
    const seen: unknown[] = [];
    const listener = (message: unknown) => void seen.push(message);
    lagChannel.subscribe(listener);
    const events = follow(execution);
    expect(seen).toEqual([]);
    await next(events);
    await next(events);
    lagChannel.unsubscribe(listener);
    expect(seen).toEqual([{ id: 'test-1', dropped: { stdout: 2, stderr: 0 } }]);
  });
});

describe('a lossless reader', () => {
  it('holds the credit of both streams back until it has read', async () => {
    const execution = new FakeExecution({ retainBytes: 10 });
    const { credit } = execution.execution;
    const events = follow(execution, { lossless: true });
    execution.out(large('a'));
    execution.err(large('b'));
    execution.out(large('c'));
    expect(credit).toEqual({ 1: 0, 2: 0 });
    expect(await next(events)).toBe(`1 stdout ${large('a')}`);
    expect(credit).toEqual({ 1: 5000, 2: 0 });
    await next(events);
    await next(events);
    expect(credit).toEqual({ 1: 10_000, 2: 5000 });
    execution.exit();
    expect(await rest(events)).toEqual(['4 exit']);
  });

  it('misses nothing, however little is kept and whoever else reads', async () => {
    const execution = new FakeExecution({ retainBytes: 0 });
    const [lossless, lossy] = [follow(execution, { lossless: true }), follow(execution)];
    const chunks = [...'abcdef'].map((fill) => large(fill));
    for (const chunk of chunks) execution.out(chunk);
    execution.exit();
    expect(await next(lossy)).toBe(`1 stdout ${chunks[0]}`);
    const seen = await rest(lossless);
    expect(seen).toEqual([...chunks.map((chunk, i) => `${i + 1} stdout ${chunk}`), '7 exit']);
    expect(await rest(lossy)).toEqual(['lag 25000 0', '7 exit']);
    expect(execution.log.dropped()).toEqual({ stdout: 0, stderr: 0 });
  });

  it('is told what went before it came', async () => {
    const execution = new FakeExecution({ retainBytes: 5000 });
    for (const fill of 'abc') execution.out(large(fill));
    const events = follow(execution, { lossless: true, afterSeq: 1 });
    for (const fill of 'def') execution.out(large(fill));
    execution.exit();
    expect(await rest(events)).toEqual([
      'lag 5000 0',
      ...['c', 'd', 'e', 'f'].map((fill, i) => `${i + 3} stdout ${large(fill)}`),
      '7 exit',
    ]);
  });

  it('gives its place up when it leaves', async () => {
    const execution = new FakeExecution({ retainBytes: 10 });
    const events = follow(execution, { lossless: true });
    execution.out(large('a'));
    execution.err(large('b'));
    await events.return();
    expect(execution.execution.credit).toEqual({ 1: 5000, 2: 5000 });
    expect(execution.log.kept).toBe(20);
  });

  it('gives its place up when its handle goes, also while nobody waits', () => {
    const execution = new FakeExecution({ retainBytes: 10 });
    const events = follow(execution, { lossless: true });
    execution.out(large('a'));
    for (const fail of events.readers) fail(new DetachedError('test-1'));
    expect(execution.execution.credit[1]).toBe(5000);
    expect(events.readers.size).toBe(0);
  });

  it('gives its place up behind exit', async () => {
    const execution = new FakeExecution({ retainBytes: 10 });
    const events = follow(execution, { lossless: true });
    const { stdout } = execution.log;
    execution.exit();
    await rest(events);
    expect(stdout?.heldBeside({ offset: 0, entry: 0 })).toBe(false);
  });
});

describe('a failure', () => {
  it('of the log in the middle: what is waiting fails, then it is done', async () => {
    const execution = new FakeExecution();
    const events = follow(execution);
    execution.out('a');
    await next(events);
    const [first, second] = [events.next(), events.next()];
    const error = new ClosedError('closed');
    execution.fail(error);
    await expect(first).rejects.toBe(error);
    expect([await second, await events.next()]).toEqual([done, done]);
    expect(events.readers.size).toBe(0);
  });

  it('of the log while nobody waits comes with the next call, whatever is kept', async () => {
    const execution = new FakeExecution();
    const events = follow(execution);
    execution.out('a');
    const error = new ClosedError('closed');
    execution.fail(error);
    await expect(events.next()).rejects.toBe(error);
    expect(await events.next()).toEqual(done);
  });

  it('of its handle: who waits fails, others go on', async () => {
    const execution = new FakeExecution();
    const [events, other] = [follow(execution), follow(execution)];
    const waits = events.next();
    const error = new DetachedError('test-1');
    for (const fail of events.readers) fail(error);
    await expect(waits).rejects.toBe(error);
    execution.out('a');
    expect(await next(other)).toBe('1 stdout a');
  });

  it('is none behind exit', async () => {
    const execution = new FakeExecution();
    const events = follow(execution);
    execution.exit();
    await next(events);
    execution.fail(new ClosedError('evicted'));
    expect(await events.next()).toEqual(done);
  });

  it('there is none for who has begun before the log was evicted: he gets what he holds, or is told that it went', async () => {
    const execution = new FakeExecution({ retainBytes: 100_000 });
    const [lossy, lossless] = [follow(execution), follow(execution, { lossless: true })];
    execution.out('a');
    expect(await next(lossy)).toBe('1 stdout a');
    execution.out(large('b'));
    execution.err(large('c'));
    execution.reap();
    execution.exit();
    execution.log.evict(() => new EvictedError('too late'));
    expect(() => follow(execution)).toThrow('too late');
    expect(execution.log.kept).toBe(10_001);
    expect(await rest(lossless)).toEqual([
      '1 stdout a',
      `2 stdout ${large('b')}`,
      `3 stderr ${large('c')}`,
      '4 reaped',
      '5 exit',
    ]);
    expect(execution.log.kept).toBe(0);
    expect(await rest(lossy)).toEqual(['lag 5000 5000', '4 reaped', '5 exit']);
    expect(execution.log.dropped()).toEqual({ stdout: 0, stderr: 0 });
  });

  it('there is no event that has not been', () => {
    const execution = new FakeExecution();
    execution.out('a');
    for (const afterSeq of [2, -1, 0.5]) {
      expect(() => follow(execution, { afterSeq })).toThrow("'afterSeq' must be the number of an event so far, 0 to 1");
    }
  });
});
