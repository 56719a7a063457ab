import { describe, expect, it } from 'vitest';
import type { Cursor, StreamLog } from '../../lib/log/stream-log.js';
import { fakeStream, large } from '../support/event-log.js';
import { alive } from '../support/garbage.js';
import { pattern } from '../support/pattern.js';

const start = (): Cursor => ({ offset: 0, entry: 0 });

/** All that a reader who has come to `cursor` gets. */
function takeAll(stream: StreamLog, cursor: Cursor): { chunk: Buffer; seq: number }[] {
  const taken = [];
  for (;;) {
    const seq = stream.nextSeq(cursor);
    const chunk = stream.take(cursor);
    if (chunk === undefined) return taken;
    taken.push({ chunk, seq });
  }
}

describe('chunks', () => {
  it('are given back as they came, numbered, to whoever asks', () => {
    const { stream, receive } = fakeStream(100_000);
    const chunks = [large('a'), large('b', 6000)];
    for (const chunk of chunks) receive(chunk);
    for (const cursor of [start(), start()]) {
      const taken = takeAll(stream, cursor);
      expect(taken.map(({ seq }) => seq)).toEqual([1, 2]);
      expect(taken[0]?.chunk).toBe(chunks[0]);
      expect(taken[1]?.chunk).toBe(chunks[1]);
      expect(stream.nextSeq(cursor)).toBe(Number.POSITIVE_INFINITY);
      expect(stream.nextBytes(cursor)).toBe(0);
    }
  });

  it('that are small and follow each other are joined under one number', () => {
    const { stream, owner, receive } = fakeStream(1000);
    owner.seq = 4;
    for (const byte of 'abcdef') receive(byte);
    expect(owner.seq).toBe(5);
    expect(takeAll(stream, start())).toEqual([{ chunk: Buffer.from('abcdef'), seq: 5 }]);
  });

  it('are not joined over an event of another stream', () => {
    const { stream, owner, receive } = fakeStream(1000);
    receive('a');
    owner.seq += 1;
    receive('b');
    expect(takeAll(stream, start()).map(({ chunk, seq }) => `${seq}${chunk}`)).toEqual(['1a', '3b']);
  });

  it('are not joined to what somebody has seen', () => {
    const { stream, receive, take } = fakeStream(1000);
    const cursor = start();
    receive('a');
    take(cursor);
    receive('b');
    receive('c');
    expect(takeAll(stream, cursor).map(({ chunk, seq }) => `${seq}${chunk}`)).toEqual(['2bc']);
    expect(takeAll(stream, start()).map(({ chunk, seq }) => `${seq}${chunk}`)).toEqual(['1a', '2bc']);
  });

  it('never change in memory that has been handed out', () => {
    const { receive, take } = fakeStream(1000);
    const cursor = start();
    const first = Buffer.from('first');
    receive(first);
    receive('second');
    const taken = take(cursor);
    receive('third');
    receive('fourth');
    expect(first.toString()).toBe('first');
    expect(taken?.toString()).toBe('firstsecond');
    expect(take(cursor)?.toString()).toBe('thirdfourth');
    expect(taken?.toString()).toBe('firstsecond');
  });

  it('a megabyte of which came one byte at a time are few', () => {
    const { stream, receive, owner } = fakeStream(1 << 20);
    for (let i = 0; i < 1 << 20; i++) receive(Buffer.from([i & 255]));
    expect(stream.kept).toBe(1 << 20);
    expect(owner.seq).toBeLessThan(64);
    expect(stream.cost).toBeLessThan(4 << 20);
    const bytes = Buffer.concat(takeAll(stream, start()).map(({ chunk }) => chunk));
    expect(bytes.every((byte, i) => byte === (i & 255))).toBe(true);
  });
});

describe('retention', () => {
  it.each([0, 1, 5, 100, 70_000])('keeps the newest %i bytes, and counts the others', (retainBytes) => {
    const log = fakeStream(retainBytes);
    const { stream, receive } = log;
    const all = pattern(200_000);
    for (let at = 0; at < all.length; at += 33) receive(all.subarray(at, at + 33));
    expect(log.credit).toBe(all.length);
    expect(stream.kept).toBe(retainBytes);
    expect(stream.dropped).toBe(all.length - retainBytes);
    const cursor = start();
    expect(stream.missed(cursor)).toBe(all.length - retainBytes);
    const kept = Buffer.concat(takeAll(stream, cursor).map(({ chunk }) => chunk));
    expect(kept.equals(all.subarray(all.length - retainBytes))).toBe(true);
  });

  it('hands out the very chunk where nothing of it was cut', () => {
    const { stream, receive } = fakeStream(10_000);
    const chunks = ['a', 'b', 'c'].map((fill) => large(fill));
    for (const chunk of chunks) receive(chunk);
    const taken = takeAll(stream, start());
    expect(taken.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(taken[0]?.chunk).toBe(chunks[1]);
    expect(taken[1]?.chunk).toBe(chunks[2]);
  });

  it('cuts the oldest chunk; the others stay as they came', () => {
    const { stream, receive } = fakeStream(7000);
    const chunks = [large('a'), large('b')];
    for (const chunk of chunks) receive(chunk);
    const cursor = start();
    const [cut, whole] = takeAll(stream, cursor);
    expect(cut).toEqual({ chunk: Buffer.alloc(2000, 'a'), seq: 1 });
    expect(whole?.chunk).toBe(chunks[1]);
    expect(chunks[0]?.length).toBe(5000);
  });

  it('that is cut short goes on with the number of the chunk', () => {
    const { stream, receive } = fakeStream(4);
    for (const byte of 'abcdef') receive(byte);
    expect(takeAll(stream, start())).toEqual([{ chunk: Buffer.from('cdef'), seq: 1 }]);
    receive('gh');
    expect(takeAll(stream, start())).toEqual([
      { chunk: Buffer.from('ef'), seq: 1 },
      { chunk: Buffer.from('gh'), seq: 2 },
    ]);
  });

  it('lets go of the memory of what it drops, long before the list is made shorter', async () => {
    const { stream, receive } = fakeStream(20_000);
    const references: WeakRef<ArrayBufferLike>[] = [];
    for (let i = 0; i < 100; i++) {
      const chunk = large('x');
      references.push(new WeakRef(chunk.buffer));
      receive(chunk);
    }
    expect(await alive(references)).toHaveLength(4);
    expect(stream.kept).toBe(20_000);
  });

  it('finds its way after thousands of dropped chunks', () => {
    const { stream, receive, take, owner } = fakeStream(4 * 5000);
    const [late, slow] = [start(), start()];
    const numbers: number[] = [];
    for (let i = 1; i <= 5000; i++) {
      receive(large('x'));
      if (i % 1000 !== 0) continue;
      numbers.push(stream.nextSeq(slow));
      take(slow);
    }
    expect(owner.seq).toBe(5000);
    expect(numbers).toEqual([997, 1997, 2997, 3997, 4997]);
    expect(takeAll(stream, slow).map(({ seq }) => seq)).toEqual([4998, 4999, 5000]);
    expect(takeAll(stream, late).map(({ seq }) => seq)).toEqual([4997, 4998, 4999, 5000]);
  });
});

describe('a reader who holds its place', () => {
  it('keeps what it has not read, beyond retention, and the credit with it', () => {
    const log = fakeStream(10);
    const { stream, receive, take } = log;
    const cursor = start();
    stream.hold(cursor);
    for (const fill of 'abc') receive(large(fill));
    expect([stream.kept, stream.dropped, log.credit]).toEqual([15_000, 0, 0]);
    expect(take(cursor)?.[0]).toBe(97);
    expect([stream.kept, stream.dropped, log.credit]).toEqual([10_000, 0, 5000]);
    take(cursor);
    take(cursor);
    expect([stream.kept, stream.dropped, log.credit]).toEqual([10, 0, 15_000]);
    expect(stream.missed(cursor)).toBe(0);
  });

  it('gives way when it goes', () => {
    const log = fakeStream(10);
    const cursor = start();
    log.stream.hold(cursor);
    log.receive(large('a'));
    log.stream.release(cursor);
    expect([log.stream.kept, log.stream.dropped, log.credit]).toEqual([10, 4990, 5000]);
    log.stream.release(cursor);
    expect(log.credit).toBe(5000);
  });

  it('is passed by those who read on: the slowest counts', () => {
    const log = fakeStream(0);
    const { stream, receive, take } = log;
    const [slow, fast] = [start(), start()];
    stream.hold(slow);
    stream.hold(fast);
    expect([stream.heldBeside(slow), stream.heldBeside(fast)]).toEqual([true, true]);
    for (const fill of 'abc') receive(large(fill));
    for (let i = 0; i < 3; i++) take(fast);
    expect([stream.kept, log.credit]).toEqual([15_000, 0]);
    take(slow);
    expect([stream.kept, log.credit]).toEqual([10_000, 5000]);
    stream.release(slow);
    expect([stream.kept, log.credit, stream.dropped]).toEqual([0, 15_000, 0]);
    expect(stream.heldBeside(fast)).toBe(false);
  });

  it('that comes late holds what is still there; the credit for it is not taken back, nor given twice', () => {
    const log = fakeStream(6000);
    const { stream, receive, take } = log;
    receive(large('a'));
    receive(large('b'));
    expect(log.credit).toBe(10_000);
    const cursor = start();
    cursor.offset += stream.missed(cursor);
    stream.hold(cursor);
    receive(large('c'));
    expect([stream.kept, log.credit]).toEqual([11_000, 10_000]);
    expect(takeAll(stream, cursor).map(({ chunk }) => chunk.length)).toEqual([1000, 5000, 5000]);
    stream.moved();
    expect([stream.kept, log.credit]).toEqual([6000, 15_000]);
    receive(large('d'));
    expect(log.credit).toBe(15_000);
    take(cursor);
    expect(log.credit).toBe(20_000);
  });

  it('gets no credit for a stream that has ended', () => {
    const log = fakeStream(1000);
    const cursor = start();
    log.stream.hold(cursor);
    log.receive('abc');
    log.stream.ended = true;
    log.take(cursor);
    expect(log.credit).toBe(0);
  });
});
