import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkQueue } from '../../lib/subprocess/chunk-queue.js';

function drain(queue: ChunkQueue): { chunk: Buffer; seq: number }[] {
  const taken = [];
  for (;;) {
    const seq = queue.headSeq;
    const chunk = queue.shift();
    if (chunk === undefined) return taken;
    taken.push({ chunk, seq });
  }
}

describe('ChunkQueue', () => {
  it('gives large chunks back as they came, numbered', () => {
    const queue = new ChunkQueue();
    const sequence = { seq: 0 };
    const chunks = [Buffer.alloc(5000, 1), Buffer.alloc(6000, 2)];
    for (const chunk of chunks) queue.add(chunk, sequence);
    const taken = drain(queue);
    expect(taken.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(taken[0]?.chunk).toBe(chunks[0]);
    expect(taken[1]?.chunk).toBe(chunks[1]);
    expect(queue.headSeq).toBe(Number.POSITIVE_INFINITY);
  });

  it('joins small chunks that follow each other, under one number', () => {
    const queue = new ChunkQueue();
    const sequence = { seq: 4 };
    for (const byte of 'abcdef') queue.add(Buffer.from(byte), sequence);
    expect(sequence.seq).toBe(5);
    expect(drain(queue)).toEqual([{ chunk: Buffer.from('abcdef'), seq: 5 }]);
  });

  it('does not join over an event of another stream', () => {
    const queue = new ChunkQueue();
    const sequence = { seq: 0 };
    queue.add(Buffer.from('a'), sequence);
    sequence.seq += 1;
    queue.add(Buffer.from('b'), sequence);
    expect(drain(queue).map(({ chunk, seq }) => [chunk.toString(), seq])).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
  });

  it('never changes memory that has been handed out', () => {
    const queue = new ChunkQueue();
    const sequence = { seq: 0 };
    const first = Buffer.from('first');
    queue.add(first, sequence);
    queue.add(Buffer.from('second'), sequence);
    const taken = queue.shift();
    queue.add(Buffer.from('third'), sequence);
    queue.add(Buffer.from('fourth'), sequence);
    expect(first.toString()).toBe('first');
    expect(taken?.toString()).toBe('firstsecond');
    expect(queue.shift()?.toString()).toBe('thirdfourth');
  });

  it('holds a megabyte that came one byte at a time in a few chunks', () => {
    const queue = new ChunkQueue();
    const sequence = { seq: 0 };
    for (let i = 0; i < 1024 * 1024; i++) queue.add(Buffer.from([i & 255]), sequence);
    expect(queue.bytes).toBe(1024 * 1024);
    expect(drain(queue).length).toBeLessThan(64);
  });

  it.each([0, 1, 5, 100, 70_000])('keeps the newest %i bytes when trimmed after each chunk', (kept) => {
    const queue = new ChunkQueue();
    const sequence = { seq: 0 };
    const all = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) & 255));
    let dropped = 0;
    for (let at = 0; at < all.length; at += 33) {
      queue.add(all.subarray(at, at + 33), sequence);
      dropped += queue.trim(kept);
    }
    expect(dropped).toBe(all.length - Math.min(kept, all.length));
    expect(Buffer.concat(drain(queue).map(({ chunk }) => chunk)).equals(all.subarray(all.length - kept))).toBe(true);
  });

  it('is a queue of bytes, whatever is done to it', () => {
    const add = fc.record({ add: fc.uint8Array({ maxLength: 40 }), other: fc.boolean() });
    const large = fc.record({ large: fc.integer({ min: 4000, max: 80_000 }) });
    const trim = fc.record({ trim: fc.integer({ min: 0, max: 20_000 }) });
    const steps = fc.array(fc.oneof(add, add, add, large, trim, fc.constant('shift' as const)), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (script) => {
        const queue = new ChunkQueue();
        const sequence = { seq: 0 };
        let model = Buffer.alloc(0);
        for (const step of script) {
          if (step === 'shift') {
            const chunk = queue.shift() ?? Buffer.alloc(0);
            expect(chunk.equals(model.subarray(0, chunk.length))).toBe(true);
            model = model.subarray(chunk.length);
          } else if ('trim' in step) {
            expect(queue.trim(step.trim)).toBe(Math.max(0, model.length - step.trim));
            model = model.subarray(Math.max(0, model.length - step.trim));
          } else {
            const chunk = 'add' in step ? Buffer.from(step.add) : Buffer.alloc(step.large, step.large);
            if ('add' in step && step.other) sequence.seq += 1;
            if (chunk.length > 0) queue.add(chunk, sequence);
            model = Buffer.concat([model, chunk]);
          }
          expect(queue.bytes).toBe(model.length);
        }
        const rest = drain(queue);
        const numbers = rest.map(({ seq }) => seq);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
        expect(Buffer.concat(rest.map(({ chunk }) => chunk)).equals(model)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
