import { describe, expect, it } from 'vitest';
import { ClosedError } from '../../lib/errors.js';
import { StreamLog } from '../../lib/log/stream-log.js';
import { ByteStream } from '../../lib/subprocess/byte-stream.js';
import { Output } from '../../lib/subprocess/output.js';

/** One stream of an execution, and the handle that started it. */
function pipe({ retainBytes = 1000, draining = false } = {}) {
  const execution = {
    credit: 0,
    cancelled: 0,
    consumed: (_stream: number, bytes: number) => {
      execution.credit += bytes;
    },
    cancel: () => {
      execution.cancelled += 1;
    },
  };
  const log = { seq: 0, sealed: 0, execution };
  const source = new StreamLog(log, 1, retainBytes);
  const lag = { bytes: 0 };
  const owner = {
    id: 'test-1',
    role: 'spawn' as const,
    draining,
    evicted: undefined,
    missed: (_stream: string, bytes: number) => {
      lag.bytes += bytes;
    },
  };
  const output = new Output(owner, source, { offset: 0, entry: 0 });
  /** As the supervisor does it. */
  const receive = (chunk: Buffer) => {
    source.append(chunk);
    while (output.pushSeq !== Number.POSITIVE_INFINITY) output.push();
    output.wake();
    source.settle();
  };
  const end = (error?: ClosedError) => {
    source.ended = true;
    source.error = error;
    output.wake();
  };
  return { owner, execution, output, source, lag, receive, end, stream: new ByteStream(output) };
}

const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();

describe('a stream without a reader', () => {
  it('holds the bytes and their credit', () => {
    const { execution, receive, source } = pipe();
    receive(Buffer.from('abc'));
    expect(execution.credit).toBe(0);
    expect(source.dropped).toBe(0);
  });

  it('gives the credit back and keeps the newest bytes when drained', async () => {
    const { output, execution, owner, stream, receive, end, source } = pipe({ retainBytes: 4 });
    receive(Buffer.from('abc'));
    owner.draining = true;
    output.drain();
    receive(Buffer.from('defg'));
    receive(Buffer.from('h'));
    expect(execution.credit).toBe(8);
    expect(source.dropped).toBe(4);
    end();
    expect(await stream.text()).toBe('efgh');
  });

  it('gives nothing back twice when a reader comes after draining', async () => {
    const { execution, owner, output, stream, receive } = pipe();
    owner.draining = true;
    output.drain();
    receive(Buffer.alloc(10, 'x'));
    expect(execution.credit).toBe(10);
    const chunks = stream[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.length).toBe(10);
    expect(execution.credit).toBe(10);
    receive(Buffer.alloc(5000, 'y'));
    expect(execution.credit).toBe(10);
    expect((await chunks.next()).value?.length).toBe(5000);
    expect(execution.credit).toBe(5010);
  });

  it('keeps nothing with retainBytes 0', async () => {
    const { stream, receive, end, source } = pipe({ retainBytes: 0, draining: true });
    receive(Buffer.from('abc'));
    end();
    expect(source.dropped).toBe(3);
    expect(await stream.text()).toBe('');
  });
});

describe('an iterating reader', () => {
  it('gets what was held and what comes, and gives credit back as it takes', async () => {
    const { execution, stream, receive, end, source } = pipe();
    receive(Buffer.from('held'));
    const chunks = stream[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.toString()).toBe('held');
    expect(execution.credit).toBe(4);
    const next = chunks.next();
    receive(Buffer.from('live'));
    expect((await next).value?.toString()).toBe('live');
    receive(Buffer.from('unread'));
    expect(execution.credit).toBe(8);
    end();
    expect((await chunks.next()).value?.toString()).toBe('unread');
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
    expect(execution.cancelled).toBe(0);
    expect(source.dropped).toBe(0);
  });

  it('answers several pending calls in their order', async () => {
    const { stream, receive, end } = pipe();
    const chunks = stream[Symbol.asyncIterator]();
    const calls = [chunks.next(), chunks.next(), chunks.next()];
    receive(Buffer.from('1'));
    receive(Buffer.from('2'));
    end();
    const results = await Promise.all(calls);
    expect(results.map(({ value, done }) => (done ? 'done' : value.toString()))).toEqual(['1', '2', 'done']);
  });

  it('closes the pipe when it leaves the loop, and what nobody gets is counted', async () => {
    const { execution, stream, receive, source } = pipe();
    receive(Buffer.alloc(5000));
    receive(Buffer.alloc(6000));
    for await (const chunk of stream) {
      expect(chunk.length).toBe(5000);
      break;
    }
    expect(execution.cancelled).toBe(1);
    receive(Buffer.alloc(7));
    expect(source.dropped).toBe(6007);
  });

  it('is told that it is done when it returns while it waits', async () => {
    const { stream, execution } = pipe();
    const chunks = stream[Symbol.asyncIterator]();
    const pending = chunks.next();
    await chunks.return?.();
    expect((await pending).done).toBe(true);
    expect(execution.cancelled).toBe(1);
  });

  it('gets what came, then the error, then is done', async () => {
    const { stream, receive, end } = pipe();
    receive(Buffer.from('last'));
    end(new ClosedError('closed'));
    const chunks = stream[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.toString()).toBe('last');
    await expect(chunks.next()).rejects.toThrow('closed');
    expect((await chunks.next()).done).toBe(true);
  });
});

describe('one reader', () => {
  it('is all that a stream has', async () => {
    const { output, stream, end } = pipe();
    const chunks = stream[Symbol.asyncIterator]();
    expect(() => stream[Symbol.asyncIterator]()).toThrow('stdout is already being read');
    expect(() => stream.readable()).toThrow('stdout is already being read');
    expect(() => stream.web()).toThrow('stdout is already being read');
    expect(() => output.listen(() => {}, false)).toThrow('stdout is already being read');
    await expect(stream.text()).rejects.toMatchObject({ code: 'ERR_LASTBYTE_ATTACHED', id: 'test-1' });
    end();
    await chunks.next();
    await expect(stream.bytes()).rejects.toThrow('stdout has already been read');
  });

  it('is none beside listeners, until they have gone', async () => {
    const { output, stream, end } = pipe();
    const listener = () => {};
    output.listen(listener, false);
    await expect(stream.text()).rejects.toThrow('already being read');
    output.unlisten(listener);
    end();
    expect(await stream.text()).toBe('');
  });

  it('of lines is the iteration, not the call', async () => {
    const { stream, receive, end } = pipe();
    const lines = stream.lines();
    receive(Buffer.from('a\nb'));
    end();
    const seen: string[] = [];
    for await (const line of lines) seen.push(line);
    expect(seen).toEqual(['a', 'b']);
    expect(() => lines[Symbol.asyncIterator]()).toThrow('already been read');
  });
});

describe('readers of everything', () => {
  it('take chunks as they come', async () => {
    const { execution, stream, receive, end } = pipe();
    receive(Buffer.from('ä').subarray(0, 1));
    const all = stream.text();
    expect(execution.credit).toBe(1);
    receive(Buffer.from('ä').subarray(1));
    expect(execution.credit).toBe(2);
    end();
    expect(await all).toBe('ä');
  });

  it('parse JSON', async () => {
    const { stream, receive, end } = pipe();
    receive(Buffer.from('{"a":'));
    receive(Buffer.from('[1]}'));
    end();
    expect(await stream.json()).toEqual({ a: [1] });
  });

  it('reject with what ended the stream', async () => {
    const { stream, end } = pipe();
    const all = stream.bytes();
    end(new ClosedError('closed'));
    await expect(all).rejects.toThrow('closed');
  });
});

describe('listeners', () => {
  it('all get each chunk with its number, and nothing is held', () => {
    const { output, execution, receive } = pipe();
    const seen: string[] = [];
    output.listen((chunk, seq) => seen.push(`A${seq}${chunk}`), false);
    output.listen((chunk, seq) => seen.push(`B${seq}${chunk}`), true);
    receive(Buffer.from('x'));
    receive(Buffer.from('y'));
    expect(seen).toEqual(['A1x', 'B1x', 'A2y']);
    expect(execution.credit).toBe(2);
  });

  it('may watch beside a reader of everything', async () => {
    const { output, stream, receive, end } = pipe();
    const seen: Buffer[] = [];
    const all = stream.text();
    output.listen((chunk) => seen.push(chunk), false);
    receive(Buffer.from('both'));
    end();
    expect(await all).toBe('both');
    expect(text(seen)).toBe('both');
  });
});

describe('readable', () => {
  it('is a stream of Buffers, and destroying it closes the pipe', async () => {
    const { execution, stream, receive } = pipe();
    const readable = stream.readable();
    receive(Buffer.from('one'));
    const [chunk] = (await readable.iterator({ destroyOnReturn: false }).next()).value ? ['one'] : [];
    expect(chunk).toBe('one');
    readable.destroy();
    await new Promise((resolve) => readable.once('close', resolve));
    expect(execution.cancelled).toBe(1);
  });

  it('fails with what ended the stream', async () => {
    const { stream, end } = pipe();
    const readable = stream.readable();
    end(new ClosedError('closed'));
    await expect(readable.toArray()).rejects.toThrow('closed');
  });
});

describe('web', () => {
  it('fills the memory of BYOB readers and keeps the rest', async () => {
    const { stream, receive, end } = pipe();
    const reader = stream.web().getReader({ mode: 'byob' });
    receive(Buffer.from('abcdefgh'));
    end();
    const seen: string[] = [];
    let memory = new Uint8Array(3);
    for (;;) {
      const { done, value } = await reader.read(memory);
      if (done) break;
      seen.push(Buffer.from(value).toString());
      memory = new Uint8Array(value.buffer);
    }
    expect(seen).toEqual(['abc', 'def', 'gh']);
  });

  it('gives default readers memory of their own', async () => {
    const { stream, receive } = pipe();
    // Not out of Node's pool: a stream that took it away would take the pool with it.
    const chunk = Buffer.alloc(6, 'shared').subarray(1, 3);
    const reader = stream.web().getReader();
    receive(chunk);
    const { value } = await reader.read();
    expect(Buffer.from(value as Uint8Array).toString()).toBe('ha');
    expect((value as Uint8Array).buffer).not.toBe(chunk.buffer);
    expect(String(chunk)).toBe('ha');
  });

  it('closes the pipe when cancelled, and fails with what ended the stream', async () => {
    const cancelled = pipe();
    await cancelled.stream.web().cancel();
    expect(cancelled.execution.cancelled).toBe(1);
    const failed = pipe();
    failed.end(new ClosedError('closed'));
    await expect(failed.stream.web().getReader().read()).rejects.toThrow('closed');
  });
});
