import { describe, expect, it } from 'vitest';
import type { Cursor } from '../../lib/log/stream-log.js';
import { fakeStream, large } from '../support/event-log.js';

const start = (): Cursor => ({ offset: 0, entry: 0 });

/** Events 2, 4, 6 … of this stream, 5000 bytes each, and those of another one between them. */
function alternating(count: number, retainBytes: number) {
  const log = fakeStream(retainBytes);
  for (let i = 0; i < count; i++) {
    log.owner.seq += 1;
    log.receive(large(String(i)));
  }
  return log;
}

describe('the place behind an event', () => {
  it('is known for each event that is kept, of whichever stream', () => {
    const { stream } = alternating(3, 100_000);
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((seq) => stream.offsetAfter(seq))).toEqual([
      0, 0, 5000, 5000, 10_000, 10_000, 15_000, 15_000,
    ]);
  });

  it('is where a reader begins', () => {
    const { stream } = alternating(3, 100_000);
    const next = [0, 1, 2, 3, 4, 5, 6].map((seq) => stream.nextSeq(stream.cursorAfter(seq) as Cursor));
    expect(next).toEqual([2, 2, 4, 4, 6, 6, Number.POSITIVE_INFINITY]);
    expect(stream.take(stream.cursorAfter(3) as Cursor)?.[0]).toBe('1'.charCodeAt(0));
  });

  it('is known for each event that was dropped', () => {
    const { stream } = alternating(4, 5000);
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8].map((seq) => stream.offsetAfter(seq))).toEqual([
      0, 0, 5000, 5000, 10_000, 10_000, 15_000, 15_000, 20_000,
    ]);
    expect([0, 2, 4, 6, 8].map((seq) => stream.missed(stream.cursorAfter(seq) as Cursor))).toEqual([
      15_000, 10_000, 5000, 0, 0,
    ]);
  });

  it('is known where the next event was cut', () => {
    const { stream } = alternating(3, 7000);
    expect([2, 3, 4].map((seq) => stream.offsetAfter(seq))).toEqual([5000, 5000, 10_000]);
    expect(stream.missed(stream.cursorAfter(2) as Cursor)).toBe(3000);
    expect(stream.nextBytes(stream.cursorAfter(2) as Cursor)).toBe(2000);
  });

  it('is known where the very first event was cut', () => {
    const { stream } = alternating(1, 7);
    expect([0, 1, 2].map((seq) => stream.offsetAfter(seq))).toEqual([0, 0, 5000]);
  });

  it('is known where nothing is kept', () => {
    const { stream } = alternating(3, 0);
    expect([0, 2, 4, 6].map((seq) => stream.offsetAfter(seq))).toEqual([0, 5000, 10_000, 15_000]);
    const cursor = stream.cursorAfter(2) as Cursor;
    expect(stream.missed(cursor)).toBe(10_000);
    expect([stream.nextSeq(cursor), stream.nextBytes(cursor), stream.take(cursor)]).toEqual([
      Number.POSITIVE_INFINITY,
      0,
      undefined,
    ]);
  });

  it('is forgotten when it was too long ago, but for the beginning', () => {
    const { stream } = alternating(65_540, 5000);
    expect(stream.offsetAfter(0)).toBe(0);
    expect(stream.missed(stream.cursorAfter(0) as Cursor)).toBe(65_539 * 5000);
    expect(stream.cursorAfter(1)).toBe(undefined);
    expect(stream.offsetAfter(2)).toBe(undefined);
    expect(stream.offsetAfter(2 * 65_539)).toBe(65_539 * 5000);
    expect(stream.offsetAfter(2 * 65_540)).toBe(65_540 * 5000);
  });
});

describe('dropped', () => {
  it('counts what went and nobody was given', () => {
    const { stream, receive, take } = fakeStream(0);
    const cursor = start();
    stream.hold(cursor);
    receive(large('a'));
    receive(large('b'));
    take(cursor);
    expect([stream.kept, stream.dropped]).toEqual([5000, 0]);
    stream.release(cursor);
    expect([stream.kept, stream.dropped]).toEqual([0, 5000]);
  });

  it('counts nothing that was given behind the log’s back', () => {
    const { stream } = fakeStream(0);
    stream.append(large('a'));
    stream.given(0, 5000);
    stream.settle();
    expect([stream.kept, stream.dropped]).toEqual([0, 0]);
    stream.append(large('b'));
    stream.given(5000, 6000);
    stream.given(9000, 10_000);
    stream.settle();
    expect(stream.dropped).toBe(3000);
  });

  it('counts nothing that any of several readers had', () => {
    const { stream, receive, take } = fakeStream(15_000);
    const [first, second] = [start(), start()];
    for (const fill of 'abc') receive(large(fill));
    take(first);
    take(second);
    take(second);
    for (const fill of 'defg') receive(large(fill));
    expect(stream.head).toBe(20_000);
    expect(stream.dropped).toBe(10_000);
    take(first);
    expect(stream.dropped).toBe(10_000);
  });

  it('does not count what is kept', () => {
    const { stream, receive } = fakeStream(5000);
    receive(large('a'));
    expect(stream.dropped).toBe(0);
    receive('bcd');
    expect(stream.dropped).toBe(3);
  });
});

describe('a stream that is refused', () => {
  it('is closed once, and what nobody has taken is dropped, then and later', () => {
    const { stream, receive, take, pump } = fakeStream(1_000_000);
    const cursor = start();
    receive(large('a'));
    receive(large('b'));
    take(cursor);
    stream.refuse(cursor);
    stream.refuse(cursor);
    expect(pump.cancelled).toEqual([1]);
    expect(stream.dropped).toBe(5000);
    receive('late');
    expect(stream.dropped).toBe(5004);
  });

  it('keeps it for others, and does not count it again when it goes', () => {
    const { stream, receive } = fakeStream(6000);
    receive(large('a'));
    stream.refuse(start());
    receive('late');
    expect([stream.kept, stream.dropped]).toEqual([5004, 5004]);
    receive(large('b'));
    expect([stream.kept, stream.dropped]).toEqual([6000, 10_004]);
  });

  it('does not count what somebody else has had', () => {
    const { stream, receive, take } = fakeStream(1_000_000);
    receive(large('a'));
    receive(large('b'));
    take(start());
    stream.refuse(start());
    expect(stream.dropped).toBe(5000);
  });

  it('that has ended is not closed again', () => {
    const { stream, pump } = fakeStream(10);
    stream.ended = true;
    stream.refuse(start());
    expect(pump.cancelled).toEqual([]);
  });
});

describe('a stream that is evicted', () => {
  it.each([true, false])('keeps nothing, and has dropped nothing by that; unread: %j', (unread) => {
    const { stream, receive } = fakeStream(6000);
    receive(large('a'));
    receive(large('b'));
    stream.evict(unread);
    expect([stream.kept, stream.dropped, stream.cost]).toEqual([0, 4000, 0]);
    const cursor = start();
    expect([stream.missed(cursor), stream.nextSeq(cursor), stream.take(cursor)]).toEqual([
      10_000,
      Number.POSITIVE_INFINITY,
      undefined,
    ]);
    receive(large('c'));
    expect(stream.kept).toBe(0);
  });

  it.each([true, false])('keeps what a reader still holds until he has had it; unread: %j', (unread) => {
    const { stream, receive, take } = fakeStream(100_000);
    const cursor = start();
    stream.hold(cursor);
    for (const fill of 'abc') receive(large(fill));
    take(cursor);
    stream.evict(unread);
    expect(stream.kept).toBe(10_000);
    expect(take(cursor)?.[0]).toBe('b'.charCodeAt(0));
    expect(stream.kept).toBe(5000);
    expect(take(cursor)?.[0]).toBe('c'.charCodeAt(0));
    expect([stream.kept, stream.dropped]).toEqual([0, 0]);
  });
});
