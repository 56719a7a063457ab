import { describe, expect, it } from 'vitest';
import { PullIterator } from '../../lib/log/pull-iterator.js';

/** An iterator over what is put into it. */
function pulling() {
  const source = {
    values: [] as number[],
    ended: false,
    closed: 0,
    failure: undefined as Error | undefined,
    pull() {
      const value = source.values.shift();
      if (value === undefined && source.failure !== undefined) throw source.failure;
      return value;
    },
    close() {
      source.closed += 1;
    },
  };
  const iterator = new PullIterator(source);
  return {
    source,
    iterator,
    put(...values: number[]) {
      source.values.push(...values);
      iterator.wake();
    },
    end(failure?: Error) {
      source.ended = true;
      source.failure = failure;
      iterator.wake();
    },
  };
}

const done = { done: true, value: undefined };

describe('PullIterator', () => {
  it('gives what is there, waits for what comes, and ends', async () => {
    const { iterator, put, end, source } = pulling();
    put(1);
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    const second = iterator.next();
    put(2);
    expect(await second).toEqual({ done: false, value: 2 });
    end();
    expect(source.closed).toBe(0);
    expect([await iterator.next(), await iterator.next()]).toEqual([done, done]);
    expect(source.closed).toBe(1);
  });

  it('is its own iterator', async () => {
    const { iterator, put, end } = pulling();
    put(1, 2, 3);
    end();
    expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
    const seen: number[] = [];
    for await (const value of iterator) seen.push(value);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('pulls nothing that nobody has asked for', async () => {
    const { iterator, put, source } = pulling();
    put(1, 2);
    expect(source.values).toEqual([1, 2]);
    await iterator.next();
    expect(source.values).toEqual([2]);
  });

  it('answers several pending calls in their order, and those behind the end with done', async () => {
    const { iterator, put, end, source } = pulling();
    const calls = [1, 2, 3, 4].map(() => iterator.next());
    put(1);
    put(2);
    end();
    expect(await Promise.all(calls)).toEqual([{ done: false, value: 1 }, { done: false, value: 2 }, done, done]);
    expect(source.closed).toBe(1);
  });

  it('gives all that is there before what ended it, then is done', async () => {
    const { iterator, put, end, source } = pulling();
    put(1);
    end(new Error('broken'));
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    await expect(iterator.next()).rejects.toThrow('broken');
    expect(await iterator.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });

  it('fails the first of several pending calls, and is done for the others', async () => {
    const { iterator, end, source } = pulling();
    const [first, second, third] = [iterator.next(), iterator.next(), iterator.next()];
    end(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    expect([await second, await third]).toEqual([done, done]);
    expect(source.closed).toBe(1);
  });
});

describe('return', () => {
  it('closes the source once, and tells who waits that it is done', async () => {
    const { iterator, source, put } = pulling();
    const calls = [iterator.next(), iterator.next()];
    expect(await iterator.return()).toEqual(done);
    expect(await Promise.all(calls)).toEqual([done, done]);
    expect(await iterator.return()).toEqual(done);
    put(1);
    expect(await iterator.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });

  it('is what leaving a loop does', async () => {
    const { iterator, source, put } = pulling();
    put(1, 2);
    for await (const value of iterator) {
      expect(value).toBe(1);
      break;
    }
    expect([source.closed, source.values]).toEqual([1, [2]]);
  });
});

describe('fail', () => {
  it('fails who waits, whatever there is to pull', async () => {
    const { iterator, source } = pulling();
    const [first, second] = [iterator.next(), iterator.next()];
    source.values.push(1);
    iterator.fail(new Error('over'));
    await expect(first).rejects.toThrow('over');
    expect([await second, await iterator.next()]).toEqual([done, done]);
    expect(source.closed).toBe(1);
  });

  it('where nobody waits: the source is closed at once, and who asks next is told why', async () => {
    const { iterator, source } = pulling();
    source.values.push(1);
    iterator.fail(new Error('over'));
    expect(source.closed).toBe(1);
    await expect(iterator.next()).rejects.toThrow('over');
    expect(await iterator.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });

  it('changes nothing when it is over', async () => {
    const { iterator, source, end } = pulling();
    end();
    await iterator.next();
    iterator.fail(new Error('late'));
    expect(await iterator.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });

  it('is forgotten when the loop was left before anybody asked', async () => {
    const { iterator, source } = pulling();
    iterator.fail(new Error('over'));
    await iterator.return();
    expect(await iterator.next()).toEqual(done);
    expect(source.closed).toBe(1);
  });
});
