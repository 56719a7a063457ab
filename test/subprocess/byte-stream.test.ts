import { type ByteStream, LastbyteError } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, child, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { PatternCheck, pattern } from '../support/pattern.js';

const MEGABYTE = 1 << 20;

/** The same bytes in each form that a stream can be read in. */
const readers: Record<string, (stream: ByteStream) => Promise<Buffer>> = {
  'for await': async (stream) => Buffer.concat(await all(stream)),
  bytes: (stream) => stream.bytes(),
  text: async (stream) => Buffer.from(await stream.text()),
  lines: async (stream) => {
    const lines = await all(stream.lines());
    return Buffer.from(lines.map((line) => `${line}\n`).join(''));
  },
  readable: async (stream) => Buffer.concat(await stream.readable().toArray()),
  web: async (stream) => Buffer.concat(await all(stream.web())),
  'web, byob': async (stream) => {
    const reader = stream.web().getReader({ mode: 'byob' });
    const parts: Buffer[] = [];
    for (;;) {
      const { value } = await reader.read(new Uint8Array(100_000));
      if (value === undefined || value.length === 0) return Buffer.concat(parts);
      parts.push(Buffer.from(value));
    }
  },
};

describe.each(Object.entries(readers))('%s', (_, read) => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i} ä€😀\n`).join('');

  test('gets every byte of each stream, then the end', async () => {
    const source = child({ file: 'cat' }, { stdin: 'pipe', stderr: 'ignore' });
    const whole = read(piped(source.stdout));
    piped(source.stdin).end(lines);
    expect((await whole).equals(Buffer.from(lines))).toBe(true);
    expect(await source.wait()).toMatchObject({ code: 0, outputComplete: true, dropped: { stdout: 0, stderr: 0 } });
  });

  test('gets what was written before it came, also after the exit', async () => {
    const source = child(actor('text', 'early\n', 'etext', 'error\n', 'exit', 3));
    expect((await source.wait()).code).toBe(3);
    expect((await read(piped(source.stdout))).toString()).toBe('early\n');
    expect((await read(piped(source.stderr))).toString()).toBe('error\n');
  });

  test('gets nothing from a child that writes nothing', async () => {
    const source = child({ file: '/bin/true' });
    expect((await read(piped(source.stdout))).length).toBe(0);
    await source.wait();
  });

  test('fails with SpawnError where the child could not be started', async () => {
    const source = child({ file: '/nowhere' });
    expect(await rejection(read(piped(source.stdout)))).toMatchObject({ name: 'SpawnError', code: 'ENOENT' });
    // One that comes when that is known fails in the same way.
    expect(await rejection(read(piped(source.stderr)))).toMatchObject({ name: 'SpawnError', id: source.id });
  });

  test('is refused beside another reader', async () => {
    const source = child({ file: 'cat' }, { stdin: 'pipe' });
    const first = piped(source.stdout)[Symbol.asyncIterator]();
    const refused = await rejection((async () => read(piped(source.stdout)))());
    expect(refused).toBeInstanceOf(LastbyteError);
    expect(refused).toMatchObject({ code: 'ERR_LASTBYTE_ATTACHED', id: source.id });
    expect(refused.message).toBe('stdout is already being read');
    // The first reader isn't harmed.
    piped(source.stdin).end('for the first');
    expect(String((await first.next()).value)).toBe('for the first');
    expect((await first.next()).done).toBe(true);
    expect((await rejection((async () => read(piped(source.stdout)))())).message).toBe('stdout has already been read');
    await source.wait();
  });
});

describe('large output', () => {
  test('for await: 50 MB of each stream at once, in order', async () => {
    const size = 50 * MEGABYTE;
    const source = child(actor('fork', '{', 'err', size, '}', 'out', size));
    const checks = [new PatternCheck(1), new PatternCheck(2)] as const;
    await Promise.all(
      [source.stdout, source.stderr].map(async (stream, i) => {
        for await (const chunk of piped(stream)) checks[i]?.add(chunk);
      }),
    );
    expect(checks.map(({ length, matched }) => [length, matched])).toEqual([
      [size, size],
      [size, size],
    ]);
    expect(await source.wait()).toMatchObject({ outputComplete: true, dropped: { stdout: 0, stderr: 0 } });
  });

  test.each(['bytes', 'readable', 'web'] as const)('%s: 20 MB', async (form) => {
    const size = 20 * MEGABYTE;
    const source = child(actor('out', size));
    const whole = await (readers[form] as (stream: ByteStream) => Promise<Buffer>)(piped(source.stdout));
    expect(whole.equals(pattern(size))).toBe(true);
    await source.wait();
  });
});

describe('the end of a stream', () => {
  test('comes to its reader before the child has ended', async () => {
    const gate = new Gate();
    const source = child(actor('text', 'all', 'close', 1, 'await', gate.path));
    expect(await piped(source.stdout).text()).toBe('all');
    expect(source.kill(0)).toBe(true);
    gate.release();
    await source.wait();
  });

  test('comes when a grandchild that holds it has ended, not with the child', async () => {
    const gate = new Gate();
    const source = child(actor('text', 'child ', 'fork', '{', 'await', gate.path, 'text', 'grandchild', '}'));
    const whole = piped(source.stdout).text();
    await new Promise((resolve) => source.on('reaped', resolve));
    gate.release();
    expect(await whole).toBe('child grandchild');
    await source.wait();
  });
});

describe('leaving early closes the pipe: the writer gets SIGPIPE', () => {
  const leave: Record<string, (stream: ByteStream) => Promise<unknown>> = {
    'break out of for await': async (stream) => {
      for await (const _ of stream) break;
    },
    'an exception in for await': (stream) =>
      rejection(
        (async () => {
          for await (const _ of stream) throw new Error('mine');
        })(),
      ),
    'break out of lines': async (stream) => {
      for await (const line of stream.lines()) {
        expect(line).toBe('y');
        break;
      }
    },
    'destroy of the Readable': async (stream) => {
      const readable = stream.readable();
      await new Promise((resolve) => readable.once('data', resolve));
      readable.destroy();
    },
    'cancel of the web stream': async (stream) => {
      const reader = stream.web().getReader();
      await reader.read();
      await reader.cancel('enough');
    },
    'break out of a web stream': async (stream) => {
      for await (const _ of stream.web()) break;
    },
  };

  test.each(Object.entries(leave))('%s', async (_, how) => {
    const source = child({ file: 'yes' });
    await how(piped(source.stdout));
    const info = await source.wait();
    expect(info).toMatchObject({ code: null, signal: 'SIGPIPE', reason: 'signaled', outputComplete: false });
  });

  test('or EPIPE where it ignores the signal', async () => {
    const source = child(actor('ignore', 13, 'forever'));
    for await (const _ of piped(source.stdout)) break;
    expect(await source.wait()).toMatchObject({ code: 101, outputComplete: false });
  });

  test('what had come and was not taken is counted', async () => {
    const gate = new Gate();
    const words = [
      'text',
      'first',
      'flushed',
      'await',
      gate.path,
      'out',
      100_000,
      'flushed',
      'etext',
      'all of it',
      'pause',
    ];
    const source = child(actor(...words));
    const chunks = piped(source.stdout)[Symbol.asyncIterator]();
    expect(String((await chunks.next()).value)).toBe('first');
    const held = new Promise((resolve) => source.on('stderr', resolve));
    gate.release();
    await held;
    await chunks.return?.();
    source.kill();
    expect((await source.wait()).dropped).toEqual({ stdout: 100_000, stderr: 0 });
  });

  test('the other stream goes on', async () => {
    const gate = new Gate();
    const source = child(actor('text', 'x', 'await', gate.path, 'err', 3_000_000));
    for await (const _ of piped(source.stdout)) break;
    gate.release();
    expect((await piped(source.stderr).bytes()).equals(pattern(3_000_000, 0, 2))).toBe(true);
    expect(await source.wait()).toMatchObject({ code: 0, outputComplete: false, dropped: { stdout: 0, stderr: 0 } });
  });
});

describe('text', () => {
  const characters = Buffer.from('aä€😀\n');

  test('puts characters together that were split across reads, wherever', async () => {
    for (let at = 1; at < characters.length; at++) {
      const [head, tail] = [characters.toString('hex', 0, at), characters.toString('hex', at)];
      const source = child(actor('hex', head, 'flushed', 'hex', tail));
      expect(await piped(source.stdout).text()).toBe('aä€😀\n');
      await source.wait();
    }
  });

  test('has U+FFFD for what is not UTF-8, and keeps a byte order mark', async () => {
    const source = child(actor('hex', 'efbbbf61ff62c3'));
    expect(await piped(source.stdout).text()).toBe('\ufeffa\ufffdb\ufffd');
    await source.wait();
  });
});

describe('json', () => {
  test('parses all of it', async () => {
    const source = child(actor('text', '{"a":[1,', 'flushed', 'text', '"ä"]}\n'));
    expect(await piped(source.stdout).json()).toEqual({ a: [1, 'ä'] });
    await source.wait();
  });

  test('rejects with SyntaxError for what is no JSON', async () => {
    const source = child(actor('text', '{"a":'));
    expect(await rejection(piped(source.stdout).json())).toBeInstanceOf(SyntaxError);
    await source.wait();
  });
});

describe('a stream that is no pipe', () => {
  test.each(['ignore', 'inherit'] as const)('%s: null', async (mode) => {
    const source = child({ file: '/bin/true' }, { stdin: mode, stdout: mode, stderr: mode });
    expect([source.stdin, source.stdout, source.stderr]).toEqual([null, null, null]);
    await source.wait();
  });

  test('is the same object each time where it is one', async () => {
    const source = child({ file: '/bin/true' }, { stdin: 'pipe' });
    expect(source.stdin).toBe(source.stdin);
    expect(source.stdout).toBe(source.stdout);
    expect(source.stderr).not.toBe(source.stdout);
    await source.wait();
  });
});
