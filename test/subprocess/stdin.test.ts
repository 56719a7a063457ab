import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LastbyteError, type StdinStream } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { child, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { PERIOD, pattern } from '../support/pattern.js';
import { residentBytes } from '../support/proc.js';
import { underAsan } from '../support/sanitizer.js';

const MEGABYTE = 1 << 20;
/** The largest pipe that there may be. */
const PIPE_BYTES = MEGABYTE;

/** What `write` calls back with. */
const write = (stdin: StdinStream, data: string | Uint8Array) =>
  new Promise<Error | null | undefined>((resolve) => stdin.write(data, resolve));

describe('bytes', () => {
  test('come in as they were written: strings, in any encoding, and bytes', async () => {
    const source = child(actor('copy'), { stdin: 'pipe' });
    const stdin = piped(source.stdin);
    stdin.write('aä€😀');
    stdin.write('ff00', 'hex');
    stdin.write(Buffer.from([1, 0, 2]));
    stdin.write(new Uint8Array([3, 255]));
    stdin.end('end');
    const expected = Buffer.concat([Buffer.from('aä€😀'), Buffer.from([255, 0, 1, 0, 2, 3, 255]), Buffer.from('end')]);
    expect((await piped(source.stdout).bytes()).equals(expected)).toBe(true);
    expect((await source.wait()).code).toBe(0);
  });

  test('of 50,000 small writes and 100 large ones stay in order', async () => {
    const source = child(actor('count'), { stdin: 'pipe' });
    const stdin = piped(source.stdin);
    let at = 0;
    const put = (size: number) => {
      stdin.write(pattern(size, at));
      at += size;
    };
    for (let i = 0; i < 50_000; i++) put(1 + (i % 30));
    for (let i = 0; i < 100; i++) put(i % 2 ? 100_000 : 3);
    stdin.end();
    expect(await piped(source.stdout).text()).toBe(`${at} of ${at}\n`);
    await source.wait();
  });

  test('are written before the child has been started', async () => {
    const source = child(actor('copy'), { stdin: 'pipe' });
    piped(source.stdin).end('early');
    expect(source.pid).toBe(undefined);
    expect(await piped(source.stdout).text()).toBe('early');
    await source.wait();
  });

  test('come to the child as they are written, not only at the end', async () => {
    const source = child({ file: 'cat' }, { stdin: 'pipe' });
    const echo = piped(source.stdout)[Symbol.asyncIterator]();
    for (let i = 0; i < 100; i++) {
      expect(await write(piped(source.stdin), `message ${i}`)).toBe(null);
      expect(String((await echo.next()).value)).toBe(`message ${i}`);
    }
    piped(source.stdin).end();
    expect((await echo.next()).done).toBe(true);
    await source.wait();
  });

  test('by a pipeline', async () => {
    const source = child(actor('count'), { stdin: 'pipe' });
    const chunks = Array.from({ length: 100 }, (_, i) => pattern(100_000, i * 100_000));
    await pipeline(Readable.from(chunks), piped(source.stdin));
    expect(await piped(source.stdout).text()).toBe('10000000 of 10000000\n');
    await source.wait();
  });
});

describe('backpressure', () => {
  test.skipIf(underAsan)(
    '100 MB to a slow reader: write tells when to stop, memory stays flat, nothing is lost',
    async () => {
      const size = 100_000_000;
      const gate = new Gate();
      const source = child(actor('await', gate.path, 'slurp', 20_000_000, 'await', gate.path, 'count'), {
        stdin: 'pipe',
      });
      const stdin = piped(source.stdin);
      // Views of one buffer: what the test itself leaves to the garbage collector would be measured, too.
      const bytes = pattern(PERIOD + 100_000);
      const before = residentBytes();
      let at = 0;
      let most = 0;
      let stops = 0;
      while (at < size) {
        const goOn = stdin.write(bytes.subarray(at % PERIOD, (at % PERIOD) + 100_000));
        at += 100_000;
        most = Math.max(most, residentBytes());
        if (goOn) continue;
        stops += 1;
        expect(stdin.writableLength).toBeLessThanOrEqual(200_000);
        // The child hasn't read anything: what it doesn't take is here, or in its pipe.
        if (stops === 1) {
          expect(at).toBeLessThanOrEqual(PIPE_BYTES + 200_000);
          gate.release(2);
        }
        await once(stdin, 'drain');
      }
      stdin.end();
      expect(await piped(source.stdout).text()).toBe(`${size} of ${size}\n`);
      expect(stops).toBeGreaterThan(20);
      expect(most - before).toBeLessThan(40 * MEGABYTE);
      await source.wait();
    },
  );

  test('a child that does not read is written no more than its pipe takes', async () => {
    const gate = new Gate();
    const source = child(actor('await', gate.path, 'count'), { stdin: 'pipe' });
    const stdin = piped(source.stdin);
    let taken = 0;
    let at = 0;
    const put = () => {
      const goOn = stdin.write(pattern(50_000, at), (error) => {
        if (!error) taken += 50_000;
      });
      at += 50_000;
      return goOn;
    };
    while (put());
    // Whoever goes on regardless only fills his own memory.
    for (let i = 0; i < 100; i++) put();
    expect(stdin.writableNeedDrain).toBe(true);
    expect(taken).toBeLessThanOrEqual(PIPE_BYTES);
    stdin.end();
    gate.release();
    expect(await piped(source.stdout).text()).toBe(`${at} of ${at}\n`);
    expect(taken).toBe(at);
    await source.wait();
  });

  test('its limit is 64 KiB', async () => {
    const source = child({ file: 'cat' }, { stdin: 'pipe' });
    expect(piped(source.stdin).writableHighWaterMark).toBe(65_536);
    expect(piped(source.stdin).write(Buffer.alloc(65_535))).toBe(true);
    expect(piped(source.stdin).write(Buffer.alloc(1))).toBe(false);
    piped(source.stdin).end();
    await source.wait();
  });
});

describe('the end', () => {
  test('finish says that all was taken, close that it is over; wait needs neither', async () => {
    const source = child(actor('count'), { stdin: 'pipe' });
    const stdin = piped(source.stdin);
    const events: string[] = [];
    for (const event of ['finish', 'close', 'error']) stdin.on(event, () => events.push(event));
    stdin.end(pattern(1_000_000));
    await once(stdin, 'close');
    expect(events).toEqual(['finish', 'close']);
    expect(await piped(source.stdout).text()).toBe('1000000 of 1000000\n');
    await source.wait();
  });

  test('destroy closes the pipe as well', async () => {
    const source = child(actor('count'), { stdin: 'pipe' });
    expect(await write(piped(source.stdin), pattern(10))).toBe(null);
    piped(source.stdin).destroy();
    expect(await piped(source.stdout).text()).toBe('10 of 10\n');
    await source.wait();
  });

  test('a child that ends without reading: the stream closes, without an error where nothing was written', async () => {
    const source = child(actor('exit', 0), { stdin: 'pipe' });
    const stdin = piped(source.stdin);
    const errors: Error[] = [];
    stdin.on('error', (error) => errors.push(error));
    await Promise.all([once(stdin, 'close'), source.wait()]);
    expect(errors).toEqual([]);
    expect(stdin.writable).toBe(false);
  });

  test('a stream that is first asked for when the child has ended is closed', async () => {
    const source = child(actor('exit', 0), { stdin: 'pipe' });
    await source.wait();
    const stdin = piped(source.stdin);
    expect(stdin.destroyed).toBe(true);
    expect(await write(stdin, 'x')).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
  });
});

describe('a child that does not take it: EPIPE', () => {
  /** Reads ten bytes and closes its stdin; ends behind the gate. */
  const closesStdin = (gate: Gate) => actor('slurp', 10, 'close', 0, 'await', gate.path, 'exit', 3);

  test('what is being written fails with a typed error, which the callback and error get', async () => {
    const gate = new Gate();
    const source = child(closesStdin(gate), { stdin: 'pipe' });
    const stdin = piped(source.stdin);
    const errors: LastbyteError[] = [];
    stdin.on('error', (error) => errors.push(error as LastbyteError));
    const failed = await write(stdin, pattern(5_000_000));
    expect(failed).toBeInstanceOf(LastbyteError);
    expect(failed).toMatchObject({ code: 'EPIPE', errno: -32, syscall: 'write', id: source.id });
    expect(failed?.message).toBe('write EPIPE: the child has closed its stdin or has ended');
    expect(source.kill(0)).toBe(true);
    gate.release();
    expect((await source.wait()).code).toBe(3);
    expect(errors).toEqual([failed]);
  });

  test('all that waits behind it fails, too', async () => {
    const gate = new Gate();
    const source = child(closesStdin(gate), { stdin: 'pipe' });
    const stdin = piped(source.stdin);
    const answers = await Promise.all([5_000_000, 10, 100_000].map((size) => write(stdin, pattern(size))));
    for (const answer of answers) expect(answer).toMatchObject({ code: 'EPIPE' });
    gate.release();
    await source.wait();
  });

  test('nobody looks: no crash, no unhandled error, and wait tells the truth', async () => {
    const source = child(actor('exit', 7), { stdin: 'pipe' });
    piped(source.stdin).end(pattern(10_000_000));
    expect((await source.wait()).code).toBe(7);
  });

  test('a pipeline rejects', async () => {
    const source = child(actor('slurp', 10, 'exit', 0), { stdin: 'pipe' });
    const chunks = Array.from({ length: 1000 }, () => Buffer.alloc(100_000));
    const error = await rejection(pipeline(Readable.from(chunks), piped(source.stdin)));
    expect(['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']).toContain(error.code);
    await source.wait();
  });
});

describe('a start that fails', () => {
  test('what was written fails, and the stream with it', async () => {
    const source = child({ file: '/nowhere' }, { stdin: 'pipe' });
    const stdin = piped(source.stdin);
    const errors: Error[] = [];
    stdin.on('error', (error) => errors.push(error));
    const closed = new Promise((resolve) => stdin.on('close', resolve));
    const answers = await Promise.all([write(stdin, 'x'), write(stdin, 'y')]);
    await closed;
    const why = await rejection(source.wait());
    expect(why).toMatchObject({ name: 'SpawnError', code: 'ENOENT' });
    expect([...answers, ...errors]).toEqual([why, why, why]);
    for (const answer of answers) expect(answer).toBe(why);
  });

  test('with nothing written: the stream fails with the same error as wait', async () => {
    const source = child({ file: '/nowhere' }, { stdin: 'pipe' });
    const [error] = await once(piped(source.stdin), 'error');
    expect(error).toBe(await rejection(source.wait()));
    const late = child({ file: '/nowhere' }, { stdin: 'pipe' });
    const why = await rejection(late.wait());
    expect(piped(late.stdin).errored).toBe(why);
  });
});

test('an async context goes through a write', async () => {
  const { AsyncLocalStorage } = await import('node:async_hooks');
  const storage = new AsyncLocalStorage<string>();
  const source = child({ file: 'cat' }, { stdin: 'pipe' });
  const seen = await storage.run('mine', async () => {
    await write(piped(source.stdin), 'x');
    return storage.getStore();
  });
  expect(seen).toBe('mine');
  piped(source.stdin).end();
  await source.wait();
});
