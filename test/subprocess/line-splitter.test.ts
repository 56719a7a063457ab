import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../lib/subprocess/line-splitter.js';

const tooLong = new Error('too long');

/** All lines, and then 'too long' where that is how it ended. */
function split(chunks: readonly Buffer[], maxLength = 1000): string[] {
  const splitter = new LineSplitter(maxLength, () => tooLong);
  const lines: string[] = [];
  const take = () => {
    for (let line = splitter.shift(); line !== undefined; line = splitter.shift()) lines.push(line);
  };
  try {
    for (const chunk of chunks) {
      splitter.push(chunk);
      take();
    }
    const last = splitter.finish();
    if (last !== undefined) lines.push(last);
  } catch (error) {
    expect(error).toBe(tooLong);
    lines.push('too long');
  }
  return lines;
}

const bytes = (text: string) => [...Buffer.from(text)].map((byte) => Buffer.from([byte]));

describe('LineSplitter', () => {
  it.each([
    ['', []],
    ['\n', ['']],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\nb', ['a', 'b']],
    ['a\n\n\nb\n', ['a', '', '', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['a\rb\n\rc\r', ['a\rb', '\rc\r']],
    ['\r\n', ['']],
    ['\r\r\n', ['\r']],
    ['ä€😀\nß', ['ä€😀', 'ß']],
    ['a\0b\n', ['a\0b']],
  ])('splits %j, whole and byte by byte', (text, lines) => {
    expect(split([Buffer.from(text)])).toEqual(lines);
    expect(split(bytes(text))).toEqual(lines);
  });

  it.each([
    ['12345\n', ['12345']],
    ['12345\r\n', ['12345']],
    ['12345', ['12345']],
    ['123456\n', ['too long']],
    ['123456', ['too long']],
    ['12345\r', ['too long']],
    ['1\n22\n123456\n3\n', ['1', '22', 'too long']],
    ['1\n123456', ['1', 'too long']],
    ['ääx\n', ['ääx']],
    ['äää\n', ['too long']],
  ])('bounds lines to 5 bytes: %j', (text, lines) => {
    expect(split([Buffer.from(text)], 5)).toEqual(lines);
    expect(split(bytes(text), 5)).toEqual(lines);
  });

  it('gives the same lines however the input is cut', () => {
    const word = fc.constantFrom('a', '\n', '\r', '\r\n', 'é', '€', '😀', 'long '.repeat(50), '\0');
    fc.assert(
      fc.property(fc.array(word), fc.array(fc.nat(40)), (words, cuts) => {
        const text = words.join('');
        const input = Buffer.from(text);
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(input.subarray(at, at + cut));
          at += cut;
        }
        chunks.push(input.subarray(at));
        const expected = text.split('\n').map((line, i, all) => (i < all.length - 1 ? line.replace(/\r$/, '') : line));
        if (expected.at(-1) === '') expected.pop();
        expect(split(chunks, 1e6)).toEqual(expected);
      }),
    );
  });

  it('takes linear time for one long line in small pieces', () => {
    const time = (pieces: number) => {
      const splitter = new LineSplitter(2 ** 30, () => tooLong);
      const piece = Buffer.alloc(16, 97);
      const start = performance.now();
      for (let i = 0; i < pieces; i++) splitter.push(piece);
      splitter.push(Buffer.from('\n'));
      expect(splitter.shift()?.length).toBe(16 * pieces);
      return performance.now() - start;
    };
    time(50_000);
    // Quadratic work would be 64 times as much for 8 times the input.
    expect(time(800_000)).toBeLessThan(24 * Math.max(time(100_000), 1));
  });
});
