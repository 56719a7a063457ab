import type { ExitInfo, Subprocess } from 'lastbyte';
import { engine } from 'lastbyte/engine';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { child, othersRun, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { runHost } from '../support/host.js';
import { pattern } from '../support/pattern.js';

type Event = { type: 'stdout' | 'stderr'; seq: number; chunk: Buffer } | { type: 'reaped' | 'exit'; info: ExitInfo };

/** Writes down what comes to `on`, from now on. */
function watch(source: Subprocess): Event[] {
  const events: Event[] = [];
  for (const type of ['stdout', 'stderr'] as const) source.on(type, (chunk, seq) => events.push({ type, seq, chunk }));
  for (const type of ['reaped', 'exit'] as const) source.on(type, (info) => events.push({ type, info }));
  return events;
}

const bytesOf = (events: Event[], type: 'stdout' | 'stderr') =>
  Buffer.concat(events.flatMap((event) => (event.type === type ? [event.chunk] : [])));

/** The n-th event has the number n, counting what has none on it. Exit is the last, Reaped comes once. */
function expectInOrder(events: Event[]): void {
  events.forEach((event, index) => {
    if ('seq' in event) expect(event.seq).toBe(index + 1);
  });
  const types = events.map(({ type }) => type);
  expect(types.filter((type) => type === 'reaped')).toHaveLength(1);
  expect(types.indexOf('exit')).toBe(types.length - 1);
}

describe('events', () => {
  test('are numbered 1, 2, 3 … over both streams, reaped and exit; exit is the last', async () => {
    const source = child(actor('fork', '{', 'err', 3_000_000, '}', 'out', 3_000_000, 'exit', 4));
    const events = watch(source);
    const info = await source.wait();
    expectInOrder(events);
    expect(bytesOf(events, 'stdout').equals(pattern(3_000_000, 0, 1))).toBe(true);
    expect(bytesOf(events, 'stderr').equals(pattern(3_000_000, 0, 2))).toBe(true);
    expect(events.at(-1)).toEqual({ type: 'exit', info });
    expect(info).toMatchObject({ code: 4, dropped: { stdout: 0, stderr: 0 } });
  });

  test('of 200 short children: none comes after exit, none is missing', async () => {
    const logs = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const source = child(actor('out', 1000 * (i % 7), 'err', 10 * (i % 3), 'exit', i % 50));
        const events = watch(source);
        expect((await source.wait()).code).toBe(i % 50);
        expect(bytesOf(events, 'stdout').equals(pattern(1000 * (i % 7), 0, 1))).toBe(true);
        expect(bytesOf(events, 'stderr').length).toBe(10 * (i % 3));
        return events;
      }),
    );
    for (const events of logs) expectInOrder(events);
  });

  test('come to every listener in the order in which they were added', async () => {
    const source = child(actor('text', 'x'));
    const order: string[] = [];
    source
      .on('stdout', (chunk) => order.push(`A ${chunk}`))
      .on('stdout', (chunk) => order.push(`B ${chunk}`))
      .on('exit', () => order.push('A exit'))
      .on('exit', () => order.push('B exit'));
    await source.wait();
    expect(order).toEqual(['A x', 'B x', 'A exit', 'B exit']);
  });

  test('reaped comes before the end of the output where a grandchild holds it', async () => {
    const gate = new Gate();
    const source = child(actor('fork', '{', 'await', gate.path, 'out', 10, '}', 'exit', 6));
    const events = watch(source);
    const reaped = await new Promise<ExitInfo>((resolve) => source.on('reaped', resolve));
    expect(reaped).toMatchObject({ code: 6, reason: 'exited', pid: source.pid });
    await othersRun();
    expect(events.map(({ type }) => type)).toEqual(['reaped']);
    gate.release();
    await source.wait();
    expect(events.map(({ type }) => type)).toEqual(['reaped', 'stdout', 'exit']);
    expectInOrder(events);
  });

  test('are called before wait is answered', async () => {
    const source = child(actor('text', 'x'));
    const order: string[] = [];
    const wait = source.wait().then(() => order.push('wait'));
    source.on('exit', () => order.push('exit')).on('stdout', () => order.push('stdout'));
    await wait;
    expect(order).toEqual(['stdout', 'exit', 'wait']);
  });
});

describe('late listeners', () => {
  test('get all that was held, in the order of its numbers, then what comes', async () => {
    const gate = new Gate();
    const held = ['text', 'a', 'flushed', 'etext', 'b', 'await', gate.path, 'text', 'c', 'flushed', 'etext', 'd'];
    const source = child(actor(...held, 'await', gate.path, 'text', 'live', 'await', gate.path));
    const order: string[] = [];
    gate.release();
    // Both writes to stderr have been read when its bytes number two; stdout's came before.
    const stderr = source.stderr?.[Symbol.asyncIterator]();
    await stderr?.next();
    await stderr?.next();
    const live = new Promise<void>((resolve) => {
      source.on('stdout', (chunk, seq) => {
        order.push(`${seq}${chunk}`);
        if (seq === 5) resolve();
      });
    });
    expect(order).toEqual([]);
    await othersRun();
    expect(order).toEqual(['1a', '3c']);
    gate.release();
    await live;
    expect(order).toEqual(['1a', '3c', '5live']);
    gate.release();
    await source.wait();
  });

  test('that come after the exit get everything, in order', async () => {
    const source = child(actor('text', 'out', 'flushed', 'etext', 'error', 'exit', 2));
    const info = await source.wait();
    const events = watch(source);
    expect(events).toEqual([]);
    await new Promise((resolve) => source.on('exit', resolve));
    // The status may be known before a stream has been read: reaped is anywhere before the exit.
    const reaped = events.findIndex(({ type }) => type === 'reaped');
    expect(events.splice(reaped, 1)).toMatchObject([{ info: { code: 2 } }]);
    expect(events.map(({ type }) => type).sort()).toEqual(['exit', 'stderr', 'stdout']);
    expect(events[2]).toEqual({ type: 'exit', info });
  });

  test('that are added while a batch of events is being told miss nothing, and nothing overtakes', async () => {
    const source = child(actor('text', 'a', 'flushed', 'etext', 'b', 'flushed', 'text', 'c', 'flushed', 'exit', 0));
    // All of it is queued when this turn ends: it comes in one batch, and no microtask runs in between.
    while (engine.stats().live > 0) {}
    const order: string[] = [];
    source.on('exit', () => order.push('exit'));
    source.on('stderr', () => {
      order.push('b');
      source.on('stdout', (chunk, seq) => order.push(`${seq}${chunk}`));
    });
    await othersRun();
    expect(order).toEqual(['b', '1a', '3c', 'exit']);
  });

  test('that are added in reaped hear of everything before exit', async () => {
    const source = child(actor('text', 'a', 'flushed', 'exit', 0));
    while (engine.stats().live > 0) {}
    const order: string[] = [];
    source.on('exit', () => order.push('exit'));
    source.on('reaped', () => source.on('stdout', (chunk, seq) => order.push(`${seq}${chunk}`)));
    await othersRun();
    expect(order).toEqual(['1a', 'exit']);
  });

  test('of exit each get it once, with the same facts', async () => {
    const source = child(actor('exit', 3));
    const seen: ExitInfo[] = [];
    source.on('exit', (info) => {
      seen.push(info);
      source.on('exit', (again) => seen.push(again));
    });
    const info = await source.wait();
    await othersRun();
    source.on('exit', (late) => seen.push(late));
    await othersRun();
    expect(seen).toEqual([info, info, info]);
    expect(seen[1]).toBe(seen[0]);
  });

  test('of exit hear it after all output although the streams’ listeners came later', async () => {
    const source = child(actor('out', 5000, 'exit', 1));
    await source.wait();
    const order: string[] = [];
    source.on('exit', () => order.push('exit'));
    source.on('stdout', (chunk) => order.push(`stdout ${chunk.length}`));
    await othersRun();
    expect(order).toEqual(['stdout 5000', 'exit']);
  });

  test('what one wanted only once is left for the next', async () => {
    const source = child(actor('out', 5000, 'flushed', 'etext', 'x', 'flushed', 'out', 6000));
    await source.wait();
    const seen: number[] = [];
    source.once('stdout', (chunk) => seen.push(chunk.length));
    await othersRun();
    expect(seen).toEqual([5000]);
    source.on('stdout', (chunk) => seen.push(chunk.length));
    await othersRun();
    expect(seen).toEqual([5000, 6000]);
  });
});

describe('once and off', () => {
  test('once is called for one chunk', async () => {
    const source = child(actor('text', 'a', 'flushed', 'text', 'b'));
    const seen: string[] = [];
    source.once('stdout', (chunk) => seen.push(`once ${chunk}`)).on('stdout', (chunk) => seen.push(`on ${chunk}`));
    await source.wait();
    expect(seen).toEqual(['once a', 'on a', 'on b']);
  });

  test('off takes a listener of any event back', async () => {
    const source = child(actor('text', 'a', 'etext', 'b'));
    const seen: unknown[] = [];
    const listener = (value: unknown) => void seen.push(value);
    for (const event of ['stdout', 'stderr'] as const) source.on(event, listener).off(event, listener);
    for (const event of ['reaped', 'exit'] as const) source.on(event, listener).off(event, listener);
    source.off('stdout', listener);
    await source.wait();
    expect(seen).toEqual([]);
    // A stream whose listeners have gone is free.
    expect(await piped(source.stdout).text()).toBe('a');
  });

  test('off in the middle: what comes then is held, and drained where somebody waits', async () => {
    const gate = new Gate();
    const source = child(actor('text', 'first', 'flushed', 'await', gate.path, 'out', 5_000_000), { retainBytes: 100 });
    const exit = source.wait();
    await new Promise<void>((resolve) => {
      const listener = () => {
        source.off('stdout', listener);
        resolve();
      };
      source.on('stdout', listener);
    });
    gate.release();
    expect((await exit).dropped).toEqual({ stdout: 4_999_900, stderr: 0 });
    expect((await piped(source.stdout).bytes()).equals(pattern(100, 4_999_900, 1))).toBe(true);
  });
});

describe('misuse', () => {
  test.each(['data', 'close', '', undefined, 5])('there is no event %j', async (event) => {
    const source = child({ file: '/bin/true' });
    const message = "'event' must be 'stdout', 'stderr', 'reaped', 'exit' or 'lag'; got ";
    for (const method of ['on', 'once', 'off'] as const) {
      expect(() => source[method](event as 'exit', () => {})).toThrow(message);
    }
    await source.wait();
  });

  test('a listener is a function, and a stream a pipe', async () => {
    const source = child({ file: '/bin/true' }, { stdout: 'ignore' });
    expect(() => source.on('exit', 'x' as never)).toThrow("'listener' must be a function; got 'x'");
    expect(() => source.on('stdout', () => {})).toThrow(
      "'event' must be another one: stdout is not a pipe; got 'stdout'",
    );
    await source.wait();
  });

  test('a reader and a listener exclude each other, but for one who takes all as it comes', async () => {
    const source = child(actor('text', 'shared'));
    const iterator = piped(source.stdout)[Symbol.asyncIterator]();
    expect(() => source.on('stdout', () => {})).toThrow('stdout is already being read');
    const seen: string[] = [];
    const whole = piped(source.stderr).text();
    source.on('stderr', (chunk) => seen.push(String(chunk)));
    await iterator.return?.();
    await source.wait();
    expect(await whole).toBe(seen.join(''));
    const other = child({ file: '/bin/true' });
    other.on('stdout', () => {});
    expect(await rejection(piped(other.stdout).text())).toMatchObject({ code: 'ERR_LASTBYTE_ATTACHED' });
    await other.wait();
  });
});

test('after a failed start neither reaped nor exit comes', async () => {
  const source = child({ file: '/nowhere' });
  const events = watch(source);
  expect(await rejection(source.wait())).toMatchObject({ code: 'ENOENT' });
  source.on('exit', (info) => events.push({ type: 'exit', info }));
  await othersRun();
  expect(events).toEqual([]);
});

test('a listener that throws: uncaughtException, and everybody else gets everything', async () => {
  const { code, lines, stderr } = await runHost('throwing-listener');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(lines.sort()).toEqual([
    'neighbour 100000',
    'other exit',
    'other stdout',
    'uncaught exit',
    'uncaught stdout',
    'waited 0',
  ]);
});
