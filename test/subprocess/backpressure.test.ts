import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { child, othersRun, piped } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { PatternCheck, pattern } from '../support/pattern.js';
import { blockedInWrite, bytesWritten, residentBytes } from '../support/proc.js';
import { underAsan } from '../support/sanitizer.js';

const MEGABYTE = 1 << 20;
/** The largest pipe that a busy stream is given. */
const PIPE_BYTES = MEGABYTE;
/** What a stream may hold of bytes that nobody has taken. */
const WINDOW_BYTES = MEGABYTE;

type Child = ReturnType<typeof child>;

/** Waits until the child gets nothing more written. Fails where it gets further than `most` bytes. */
async function heldBack(source: Child, most: number): Promise<void> {
  const pid = await source.started;
  for (let before = -1; before !== bytesWritten(pid); ) {
    before = bytesWritten(pid);
    expect(before).toBeLessThanOrEqual(most);
    await blockedInWrite(pid);
    await othersRun();
  }
}

/** A reader that holds bytes back doesn't hold up the end of the ladder. */
async function end(source: Child): Promise<void> {
  expect(await source.terminate({ graceMs: 0 })).toMatchObject({ code: null, reason: 'killed' });
}

describe('a consumer that never reads', () => {
  const attachments: [string, (source: Child) => void][] = [
    ['nobody has attached', () => {}],
    ['an iterator is never asked', (source) => void piped(source.stdout)[Symbol.asyncIterator]()],
    ['an iterator is asked once', (source) => void piped(source.stdout)[Symbol.asyncIterator]().next()],
    ['lines are taken once', (source) => void piped(source.stdout).lines()[Symbol.asyncIterator]().next()],
    ['a Readable is not read', (source) => void piped(source.stdout).readable()],
    ['a Readable is paused', (source) => void piped(source.stdout).readable().pause()],
    ['a web stream is not read', (source) => void piped(source.stdout).web()],
  ];

  test.each(attachments)('%s: the child is held back', async (_, attach) => {
    const source = child({ file: 'yes' });
    attach(source);
    await heldBack(source, 2 * WINDOW_BYTES + PIPE_BYTES);
    await end(source);
  });

  test.skipIf(underAsan)('memory stays flat beside eight of them', async () => {
    const sources = Array.from({ length: 8 }, () => child({ file: 'yes' }));
    for (const source of sources) await heldBack(source, 2 * WINDOW_BYTES + PIPE_BYTES);
    const before = residentBytes();
    for (let i = 0; i < 20; i++) await othersRun();
    expect(residentBytes() - before).toBeLessThan(32 * MEGABYTE);
    for (const source of sources) await end(source);
  });

  test('holds up neither stderr nor other executions, and no wait for these', async () => {
    const gate = new Gate();
    const size = 5_000_000;
    const source = child(actor('fork', '{', 'forever', '}', 'await', gate.path, 'err', size, 'close', 2, 'pause'));
    piped(source.stdout)[Symbol.asyncIterator]();
    const stderr = new PatternCheck(2);
    source.on('stderr', (chunk) => stderr.add(chunk));
    gate.release();
    while (stderr.length < size) await othersRun();
    expect(stderr.matched).toBe(size);
    await end(source);
  });

  test('what it has not read is there when it goes on', async () => {
    const source = child(actor('out', 10_000_000));
    const chunks = piped(source.stdout)[Symbol.asyncIterator]();
    await heldBack(source, 2 * WINDOW_BYTES + PIPE_BYTES);
    const check = new PatternCheck(1);
    for await (const chunk of chunks) check.add(chunk);
    expect([check.length, check.matched]).toEqual([10_000_000, 10_000_000]);
    expect((await source.wait()).dropped.stdout).toBe(0);
  });
});

describe('a consumer that reads slowly', () => {
  test('slows the child: it is never further ahead than what is held and its pipe', async () => {
    const size = 30_000_000;
    const source = child(actor('out', size, 'flushed', 'pause'));
    const pid = await source.started;
    const check = new PatternCheck(1);
    for await (const chunk of piped(source.stdout)) {
      expect(bytesWritten(pid) - check.length).toBeLessThanOrEqual(WINDOW_BYTES + PIPE_BYTES + chunk.length);
      check.add(chunk);
      await new Promise(setImmediate);
      if (check.length === size) break;
    }
    expect(check.matched).toBe(size);
    await end(source);
  });

  test('by a Readable into a slow Writable', async () => {
    const size = 10_000_000;
    const source = child(actor('out', size));
    const check = new PatternCheck(1);
    const sink = new Writable({
      write(chunk, _encoding, callback) {
        check.add(chunk);
        setImmediate(callback);
      },
    });
    await pipeline(piped(source.stdout).readable(), sink);
    expect([check.length, check.matched]).toEqual([size, size]);
    await source.wait();
  });

  test.skipIf(underAsan)('memory stays flat while a gigabyte goes by', async () => {
    const source = child({ file: 'yes' });
    let length = 0;
    let most = 0;
    let before = 0;
    for await (const chunk of piped(source.stdout)) {
      length += chunk.length;
      if (length >= 1 << 30) break;
      if (length < 1 << 27) before = Math.max(before, residentBytes());
      else most = Math.max(most, residentBytes());
    }
    expect(most - before).toBeLessThan(64 * MEGABYTE);
    await source.wait();
  });
});

test('listeners take everything as it comes: nothing holds the child back, and nothing piles up', async () => {
  const source = child(actor('out', 200 * MEGABYTE));
  const check = new PatternCheck(1);
  source.on('stdout', (chunk) => check.add(chunk));
  const info = await source.wait();
  expect([check.length, check.matched]).toEqual([200 * MEGABYTE, 200 * MEGABYTE]);
  expect(info.dropped).toEqual({ stdout: 0, stderr: 0 });
});

test('a child of a slow reader and one of nobody: pausing one stream pauses no other', async () => {
  const slow = child(actor('out', 3_000_000));
  const chunks = piped(slow.stdout)[Symbol.asyncIterator]();
  const fast = child(actor('out', 50_000_000));
  expect((await piped(fast.stdout).bytes()).equals(pattern(50_000_000))).toBe(true);
  await fast.wait();
  await chunks.return?.();
  await slow.wait();
});
