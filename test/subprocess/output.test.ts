import { describe, expect, it } from 'vitest';
import { ClosedError } from '../../lib/errors.js';
import { ByteStream } from '../../lib/subprocess/byte-stream.js';
import { Output } from '../../lib/subprocess/output.js';

/** The execution's side of a stream: what credit came back, and whether the pipe was closed. */
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
  const owner = { id: 'test-1', seq: 0, draining, execution };
  const output = new Output(owner, 1, retainBytes);
  return { owner, execution, output, stream: new ByteStream(output) };
}

const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString();

describe('a stream without a reader', () => {
  it('holds the bytes and their credit', () => {
    const { output, execution } = pipe();
    output.receive(Buffer.from('abc'));
    expect(execution.credit).toBe(0);
    expect(output.dropped).toBe(0);
  });

  it('gives the credit back and keeps the newest bytes when drained', async () => {
    const { output, execution, owner, stream } = pipe({ retainBytes: 4 });
    output.receive(Buffer.from('abc'));
    owner.draining = true;
    output.drain();
    output.receive(Buffer.from('defg'));
    output.receive(Buffer.from('h'));
    expect(execution.credit).toBe(8);
    expect(output.dropped).toBe(4);
    output.end();
    expect(await stream.text()).toBe('efgh');
  });

  it('gives nothing back twice when a reader comes after draining', async () => {
    const { output, execution, owner, stream } = pipe();
    owner.draining = true;
    output.receive(Buffer.alloc(10, 'x'));
    owner.draining = false;
    output.receive(Buffer.alloc(5000, 'y'));
    expect(execution.credit).toBe(10);
    const chunks = stream[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.length).toBe(10);
    expect(execution.credit).toBe(10);
    expect((await chunks.next()).value?.length).toBe(5000);
    expect(execution.credit).toBe(5010);
  });

  it('keeps nothing with retainBytes 0', async () => {
    const { output, stream } = pipe({ retainBytes: 0, draining: true });
    output.receive(Buffer.from('abc'));
    output.end();
    expect(output.dropped).toBe(3);
    expect(await stream.text()).toBe('');
  });
});

describe('an iterating reader', () => {
  it('gets what was held and what comes, and gives credit back as it takes', async () => {
    const { output, execution, stream } = pipe();
    output.receive(Buffer.from('held'));
    const chunks = stream[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.toString()).toBe('held');
    expect(execution.credit).toBe(4);
    const next = chunks.next();
    output.receive(Buffer.from('live'));
    expect((await next).value?.toString()).toBe('live');
    output.receive(Buffer.from('unread'));
    expect(execution.credit).toBe(8);
    output.end();
    expect((await chunks.next()).value?.toString()).toBe('unread');
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
    expect(execution.cancelled).toBe(0);
    expect(output.dropped).toBe(0);
  });

  it('answers several pending calls in their order', async () => {
    const { output, stream } = pipe();
    const chunks = stream[Symbol.asyncIterator]();
    const calls = [chunks.next(), chunks.next(), chunks.next()];
    output.receive(Buffer.from('1'));
    output.receive(Buffer.from('2'));
    output.end();
    const results = await Promise.all(calls);
    expect(results.map(({ value, done }) => (done ? 'done' : value.toString()))).toEqual(['1', '2', 'done']);
  });

  it('closes the pipe when it leaves the loop, and what nobody gets is counted', async () => {
    const { output, execution, stream } = pipe();
    output.receive(Buffer.alloc(5000));
    output.receive(Buffer.alloc(6000));
    for await (const chunk of stream) {
      expect(chunk.length).toBe(5000);
      break;
    }
    expect(execution.cancelled).toBe(1);
    output.receive(Buffer.alloc(7));
    expect(output.dropped).toBe(6007);
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
    const { output, stream } = pipe();
    output.receive(Buffer.from('last'));
    output.end(new ClosedError('closed'));
    const chunks = stream[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.toString()).toBe('last');
    await expect(chunks.next()).rejects.toThrow('closed');
    expect((await chunks.next()).done).toBe(true);
  });
});

describe('one reader', () => {
  it('is all that a stream has', async () => {
    const { output, stream } = pipe();
    const chunks = stream[Symbol.asyncIterator]();
    expect(() => stream[Symbol.asyncIterator]()).toThrow('stdout is already being read');
    expect(() => stream.readable()).toThrow('stdout is already being read');
    expect(() => stream.web()).toThrow('stdout is already being read');
    expect(() => output.listen(() => {}, false)).toThrow('stdout is already being read');
    await expect(stream.text()).rejects.toMatchObject({ code: 'ERR_LASTBYTE_ATTACHED', id: 'test-1' });
    output.end();
    await chunks.next();
    await expect(stream.bytes()).rejects.toThrow('stdout has already been read');
  });

  it('is none beside listeners, until they have gone', async () => {
    const { output, stream } = pipe();
    const listener = () => {};
    output.listen(listener, false);
    await expect(stream.text()).rejects.toThrow('already being read');
    output.listeners.remove(listener);
    output.end();
    expect(await stream.text()).toBe('');
  });

  it('of lines is the iteration, not the call', async () => {
    const { output, stream } = pipe();
    const lines = stream.lines();
    output.receive(Buffer.from('a\nb'));
    output.end();
    const seen: string[] = [];
    for await (const line of lines) seen.push(line);
    expect(seen).toEqual(['a', 'b']);
    expect(() => lines[Symbol.asyncIterator]()).toThrow('already been read');
  });
});

describe('readers of everything', () => {
  it('take chunks as they come', async () => {
    const { output, execution, stream } = pipe();
    output.receive(Buffer.from('ä').subarray(0, 1));
    const all = stream.text();
    expect(execution.credit).toBe(1);
    output.receive(Buffer.from('ä').subarray(1));
    expect(execution.credit).toBe(2);
    output.end();
    expect(await all).toBe('ä');
  });

  it('parse JSON', async () => {
    const { output, stream } = pipe();
    output.receive(Buffer.from('{"a":'));
    output.receive(Buffer.from('[1]}'));
    output.end();
    expect(await stream.json()).toEqual({ a: [1] });
  });

  it('reject with what ended the stream', async () => {
    const { output, stream } = pipe();
    const all = stream.bytes();
    output.end(new ClosedError('closed'));
    await expect(all).rejects.toThrow('closed');
  });
});

describe('listeners', () => {
  it('all get each chunk with its number, and nothing is held', () => {
    const { output, execution } = pipe();
    const seen: string[] = [];
    output.listen((chunk, seq) => seen.push(`A${seq}${chunk}`), false);
    output.listen((chunk, seq) => seen.push(`B${seq}${chunk}`), true);
    output.receive(Buffer.from('x'));
    output.receive(Buffer.from('y'));
    expect(seen).toEqual(['A1x', 'B1x', 'A2y']);
    expect(execution.credit).toBe(2);
  });

  it('may watch beside a reader of everything', async () => {
    const { output, stream } = pipe();
    const seen: Buffer[] = [];
    const all = stream.text();
    output.listen((chunk) => seen.push(chunk), false);
    output.receive(Buffer.from('both'));
    output.end();
    expect(await all).toBe('both');
    expect(text(seen)).toBe('both');
  });
});

describe('readable', () => {
  it('is a stream of Buffers, and destroying it closes the pipe', async () => {
    const { output, execution, stream } = pipe();
    const readable = stream.readable();
    output.receive(Buffer.from('one'));
    const [chunk] = (await readable.iterator({ destroyOnReturn: false }).next()).value ? ['one'] : [];
    expect(chunk).toBe('one');
    readable.destroy();
    await new Promise((resolve) => readable.once('close', resolve));
    expect(execution.cancelled).toBe(1);
  });

  it('fails with what ended the stream', async () => {
    const { output, stream } = pipe();
    const readable = stream.readable();
    output.end(new ClosedError('closed'));
    await expect(readable.toArray()).rejects.toThrow('closed');
  });
});

describe('web', () => {
  it('fills the memory of BYOB readers and keeps the rest', async () => {
    const { output, stream } = pipe();
    const reader = stream.web().getReader({ mode: 'byob' });
    output.receive(Buffer.from('abcdefgh'));
    output.end();
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
    const { output, stream } = pipe();
    // Not out of Node's pool: a stream that took it away would take the pool with it.
    const chunk = Buffer.alloc(6, 'shared').subarray(1, 3);
    const reader = stream.web().getReader();
    output.receive(chunk);
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
    failed.output.end(new ClosedError('closed'));
    await expect(failed.stream.web().getReader().read()).rejects.toThrow('closed');
  });
});
