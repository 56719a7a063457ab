import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, child, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';

describe('lines', () => {
  test('come as soon as they are complete', async () => {
    const gate = new Gate();
    const source = child(
      actor(
        'text',
        'one\ntw',
        'flushed',
        'await',
        gate.path,
        'text',
        'o\n\nfour\r\n',
        'await',
        gate.path,
        'text',
        'last',
      ),
    );
    const lines = piped(source.stdout).lines()[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value;
    expect(await next()).toBe('one');
    gate.release();
    expect([await next(), await next(), await next()]).toEqual(['two', '', 'four']);
    gate.release();
    expect(await next()).toBe('last');
    expect(await lines.next()).toEqual({ done: true, value: undefined });
    await source.wait();
  });

  test('have whole characters and line ends, wherever the reads are split', async () => {
    const text = Buffer.from('ä€\r\n😀\nb');
    for (let at = 1; at < text.length; at++) {
      const source = child(actor('hex', text.toString('hex', 0, at), 'flushed', 'hex', text.toString('hex', at)));
      expect(await all(piped(source.stdout).lines())).toEqual(['ä€', '😀', 'b']);
      await source.wait();
    }
  });

  test('that are written byte by byte', async () => {
    const bytes = [...Buffer.from('ä\n€\r\n😀')].flatMap((byte) => [
      'hex',
      byte.toString(16).padStart(2, '0'),
      'flushed',
    ]);
    const source = child(actor(...bytes));
    expect(await all(piped(source.stdout).lines())).toEqual(['ä', '€', '😀']);
    await source.wait();
  });

  test('200,000 of them', async () => {
    const source = child({ file: 'seq', args: ['200000'] });
    let expected = 0;
    for await (const line of piped(source.stdout).lines()) {
      expected += 1;
      if (line !== String(expected)) throw new Error(`${line} is not ${expected}`);
    }
    expect(expected).toBe(200_000);
    await source.wait();
  });
});

describe('maxLength', () => {
  test('a longer line ends the iteration with a typed error, and closes the pipe', async () => {
    const source = child(actor('ignore', 13, 'text', 'short\nexactly10!\nlonger than 10\nshort\n', 'forever'));
    const seen: string[] = [];
    const error = await rejection(
      (async () => {
        for await (const line of piped(source.stdout).lines({ maxLength: 10 })) seen.push(line);
      })(),
    );
    expect(seen).toEqual(['short', 'exactly10!']);
    expect(error).toMatchObject({ code: 'ERR_LASTBYTE_MAX_BYTES', stream: 'stdout', maxBytes: 10 });
    expect(error.message).toBe('A line of stdout is longer than 10 bytes');
    expect('result' in error).toBe(false);
    expect(await source.wait()).toMatchObject({ code: 101, outputComplete: false });
  });

  test('a line without end does not fill the memory', async () => {
    const source = child({ file: 'cat', args: ['/dev/zero'] });
    const lines = piped(source.stdout).lines({ maxLength: 1_000_000 });
    expect(await rejection(lines[Symbol.asyncIterator]().next())).toMatchObject({ code: 'ERR_LASTBYTE_MAX_BYTES' });
    expect(await source.wait()).toMatchObject({ signal: 'SIGPIPE' });
  });

  test.each([0, -1, 1.5, '10', null, 2 ** 30 + 1, Number.NaN])('is not %j', async (maxLength) => {
    const source = child({ file: '/bin/true' });
    const stream = piped(source.stdout);
    expect(() => stream.lines({ maxLength: maxLength as number })).toThrow(
      "'maxLength' must be a whole number of bytes from 1 to 1073741824; got ",
    );
    // The stream is still free.
    expect(await stream.text()).toBe('');
    await source.wait();
  });

  test('has no neighbours', async () => {
    const source = child({ file: '/bin/true' });
    const stream = piped(source.stdout);
    expect(() => stream.lines({ max: 1 } as object)).toThrow("'max' must be left out: the options are maxLength");
    expect(() => stream.lines(5 as never)).toThrow("'options' must be an object; got 5");
    await source.wait();
  });
});
