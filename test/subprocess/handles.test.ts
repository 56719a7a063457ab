import { local, type Subprocess } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, child, othersRun, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { PatternCheck, pattern } from '../support/pattern.js';
import { blockedInWrite, bytesWritten } from '../support/proc.js';

const MEGABYTE = 1 << 20;
/** What a stream and its pipe hold of bytes that nobody has taken. */
const HELD_BYTES = 3 * MEGABYTE;
const SIZE = 10_000_000;

const streams = ['stdout', 'stderr'] as const;

/** Waits until the child gets nothing more written. */
async function heldBack(handle: Subprocess): Promise<void> {
  const pid = await handle.started;
  for (let before = -1; before !== bytesWritten(pid); ) {
    before = bytesWritten(pid);
    await blockedInWrite(pid);
    await othersRun();
  }
}

describe('two handles of one execution', () => {
  test('both read both streams: neither misses a byte', async () => {
    const first = child(actor('fork', '{', 'err', SIZE, '}', 'out', SIZE, 'exit', 4), { retainBytes: 100 });
    const second = await local.attach(first.id);
    const readers = [first, second].flatMap((handle) => streams.map((name) => piped(handle[name]).bytes()));
    const whole = await Promise.all(readers);
    const expected = [pattern(SIZE, 0, 1), pattern(SIZE, 0, 2)];
    expect(whole.map((bytes, i) => bytes.equals(expected[i % 2] as Buffer))).toEqual([true, true, true, true]);
    const info = await first.wait();
    expect(info).toMatchObject({ code: 4, outputComplete: true, dropped: { stdout: 0, stderr: 0 } });
    expect(await second.wait()).toBe(info);
    expect([first.lag, second.lag]).toEqual(Array(2).fill({ stdout: 0, stderr: 0 }));
  });

  test('the slower one holds the child back for both; when it goes, the child goes on', async () => {
    const first = child(actor('out', SIZE), { retainBytes: 100 });
    const second = await local.attach(first.id);
    const fast = new PatternCheck(1);
    first.on('stdout', (chunk) => fast.add(chunk));
    const slow = piped(second.stdout)[Symbol.asyncIterator]();
    const start = (await slow.next()).value as Buffer;
    await heldBack(first);
    expect(fast.length).toBeLessThanOrEqual(start.length + HELD_BYTES);
    expect(pattern(start.length, 0, 1).equals(start)).toBe(true);
    await second.detach();
    expect(await first.wait()).toMatchObject({ code: 0, dropped: { stdout: 0, stderr: 0 } });
    expect([fast.length, fast.matched]).toEqual([SIZE, SIZE]);
  });

  test('the slower one, when it reads on, gets everything', async () => {
    const first = child(actor('out', SIZE), { retainBytes: 0 });
    const second = await local.attach(first.id);
    const fast = piped(first.stdout).bytes();
    const slow = piped(second.stdout)[Symbol.asyncIterator]();
    await heldBack(first);
    const rest = Buffer.concat(await all(slow));
    expect(rest.equals(pattern(SIZE, 0, 1))).toBe(true);
    expect((await fast).equals(rest)).toBe(true);
    await first.wait();
  });

  test('lossless events hold the child back, until their handle goes, even where nobody asks for the next', async () => {
    const first = child(actor('out', SIZE), { retainBytes: 100 });
    const second = await local.attach(first.id);
    const events = second.events({ lossless: true });
    const [begin] = [await events.next()];
    expect(begin.value).toMatchObject({ type: 'stdout', seq: 1 });
    await heldBack(first);
    await second.detach();
    const { dropped } = await first.wait();
    const { data } = begin.value as { data: Buffer };
    expect(dropped).toEqual({ stdout: SIZE - data.length - 100, stderr: 0 });
    expect(await rejection(events.next())).toMatchObject({ code: 'ERR_LASTBYTE_DETACHED' });
  });

  test('nobody misses what he waits for, however little is kept', async () => {
    const gate = new Gate();
    const words = ['await', gate.path, 'text', 'a', 'flushed', 'await', gate.path, 'text', 'b', 'flushed'];
    const first = child(actor(...words), { retainBytes: 0 });
    const second = await local.attach(first.id);
    const heard: string[] = [];
    first.on('stdout', (chunk) => heard.push(String(chunk)));
    const [events, others] = [first.events(), second.events()];
    for (const letter of 'ab') {
      const waits = [events.next(), others.next()];
      gate.release();
      for (const { value } of await Promise.all(waits)) {
        expect(value).toMatchObject({ type: 'stdout', data: Buffer.from(letter) });
      }
    }
    await first.wait();
    expect(heard).toEqual(['a', 'b']);
    expect((await all(events)).map(({ type }) => type)).toEqual(['reaped', 'exit']);
  });
});

describe('leaving a stream early', () => {
  test('on an attached handle closes nothing: the child and the others go on', async () => {
    const first = child(actor('out', SIZE));
    const second = await local.attach(first.id);
    const whole = piped(first.stdout).bytes();
    for await (const chunk of piped(second.stdout)) {
      expect(chunk.equals(pattern(chunk.length, 0, 1))).toBe(true);
      break;
    }
    expect((await whole).equals(pattern(SIZE, 0, 1))).toBe(true);
    expect(await first.wait()).toMatchObject({ code: 0, outputComplete: true });
  });

  test('on the attached handle, where nobody else reads: the rest is drained', async () => {
    const first = child(actor('out', SIZE), { retainBytes: 1000 });
    const second = await local.attach(first.id);
    const exit = first.wait();
    for await (const _ of piped(second.stdout)) break;
    expect(await exit).toMatchObject({ code: 0, outputComplete: true });
    expect((await piped(first.stdout).bytes()).equals(pattern(1000, SIZE - 1000, 1))).toBe(true);
  });

  test('on the starting handle closes nothing where another one reads', async () => {
    const first = child(actor('out', SIZE));
    const second = await local.attach(first.id);
    const whole = piped(second.stdout).bytes();
    for await (const _ of piped(first.stdout)) break;
    expect((await whole).equals(pattern(SIZE, 0, 1))).toBe(true);
    expect(await first.wait()).toMatchObject({ code: 0, outputComplete: true, dropped: { stdout: 0, stderr: 0 } });
  });

  test('on the starting handle closes the pipe where there are others, and none reads', async () => {
    const first = child(actor('forever'));
    const second = await local.attach(first.id);
    for await (const _ of piped(first.stdout)) break;
    expect(await first.wait()).toMatchObject({ signal: 'SIGPIPE', outputComplete: false });
    expect(await second.wait()).toBe(await first.wait());
  });
});

describe('listeners of an attached handle', () => {
  test('hear what was, then what comes, in the order of the numbers, and exit last', async () => {
    const gate = new Gate();
    const held = ['text', 'a', 'flushed', 'etext', 'b', 'flushed', 'text', 'c', 'flushed', 'etext', 'd', 'flushed'];
    const first = child(actor(...held, 'await', gate.path, 'etext', 'e', 'flushed', 'text', 'f', 'flushed', 'exit', 3));
    const firstHeard: string[] = [];
    const listen = (handle: Subprocess, heard: string[]) => {
      handle.on('exit', ({ code }) => heard.push(`exit ${code}`));
      for (const name of streams) handle.on(name, (chunk, seq) => heard.push(`${seq} ${name} ${chunk}`));
      return new Promise<void>((resolve) => handle.on('stderr', (chunk) => String(chunk) === 'd' && resolve()));
    };
    await listen(first, firstHeard);
    const second = await local.attach(first.id);
    const heard: string[] = [];
    const behind = await local.attach(first.id, { afterSeq: 2 });
    const heardBehind: string[] = [];
    const replayed = [listen(second, heard), listen(behind, heardBehind)];
    expect([heard, heardBehind]).toEqual([[], []]);
    await Promise.all(replayed);
    const replay = ['1 stdout a', '2 stderr b', '3 stdout c', '4 stderr d'];
    expect([firstHeard, heard, heardBehind]).toEqual([replay, replay, replay.slice(2)]);
    gate.release();
    const info = await first.wait();
    expect(info.code).toBe(3);
    const whole = [...replay, '5 stderr e', '6 stdout f', 'exit 3'];
    expect(heard.map((each) => each.replace('7 stdout f', '6 stdout f'))).toEqual(whole);
    expect(firstHeard).toEqual(heard);
    expect(heardBehind).toEqual(heard.slice(2));
  });

  test('one that detaches its handle takes nothing from the listeners of the others', async () => {
    const first = child(actor('text', 'x', 'exit', 0));
    const handles = [await local.attach(first.id), await local.attach(first.id), await local.attach(first.id)];
    const heard: string[] = [];
    for (const [i, handle] of [first, ...handles].entries()) {
      handle.on('stdout', () => heard.push(`stdout ${i}`));
      handle.on('exit', () => {
        heard.push(`exit ${i}`);
        void handle.detach();
      });
    }
    await handles[2]?.wait().catch(() => {});
    await othersRun();
    const expected = ['stdout', 'exit'].flatMap((event) => [0, 1, 2, 3].map((i) => `${event} ${i}`));
    expect(heard).toEqual(expected);
  });
});

describe('lag', () => {
  test('is exact for each stream where the log was too small, and told once', async () => {
    const first = child(actor('out', 300_000, 'err', 5000), { retainBytes: 1000 });
    await first.wait();
    const second = await local.attach(first.id);
    const lags: unknown[] = [];
    second.on('lag', (dropped) => lags.push(dropped));
    expect(second.lag).toEqual({ stdout: 0, stderr: 0 });
    const heard = new PatternCheck(1);
    second.on('stdout', (chunk) => heard.add(chunk));
    expect((await piped(second.stderr).bytes()).equals(pattern(1000, 4000, 2))).toBe(true);
    await othersRun();
    expect(heard.length).toBe(1000);
    expect(second.lag).toEqual({ stdout: 299_000, stderr: 4000 });
    expect(lags).toEqual([
      { stdout: 299_000, stderr: 0 },
      { stdout: 0, stderr: 4000 },
    ]);
    expect(first.lag).toEqual({ stdout: 0, stderr: 0 });
  });

  test('is what went by while a handle did not listen', async () => {
    const gate = new Gate();
    const first = child(actor('out', 50, 'flushed', 'await', gate.path, 'out', 100_000), { retainBytes: 10 });
    const second = await local.attach(first.id);
    const lags: unknown[] = [];
    second.on('lag', (dropped) => lags.push(dropped));
    await new Promise((resolve) => second.once('stdout', resolve));
    gate.release();
    await first.wait();
    expect(lags).toEqual([]);
    expect((await piped(second.stdout).bytes()).equals(pattern(10, 100_040, 1))).toBe(true);
    expect(lags).toEqual([{ stdout: 99_990, stderr: 0 }]);
    expect(second.lag).toEqual({ stdout: 99_990, stderr: 0 });
  });

  test('a listener of it that detaches leaves nothing held', async () => {
    const gate = new Gate();
    const first = child(actor('out', 2000, 'flushed', 'etext', 'x', 'await', gate.path, 'out', SIZE), {
      retainBytes: 10,
    });
    const exit = first.wait();
    await new Promise((resolve) => first.on('stderr', resolve));
    const second = await local.attach(first.id);
    second.on('lag', () => void second.detach());
    second.on('stdout', () => {});
    expect(second.lag).toEqual({ stdout: 1990, stderr: 0 });
    gate.release();
    expect(await exit).toMatchObject({ code: 0, dropped: { stdout: SIZE + 1990, stderr: 0 } });
  });
});

test('a handle of run whose output has gone: it has already been read', async () => {
  const { file, args } = actor('text', 'x', 'etext', 'y', 'exit', 0);
  const running = local.run(file, args, { retainBytes: 0 });
  expect(await running).toMatchObject({ stdout: 'x', stderr: 'y' });
  for (const name of streams) {
    const error = await rejection(piped(running.subprocess[name]).text());
    expect(error).toMatchObject({ code: 'ERR_LASTBYTE_ATTACHED', message: `${name} has already been read` });
  }
});
