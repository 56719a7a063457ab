import type { ExecutionEvent, Subprocess } from 'lastbyte';
import { expect, test } from 'vitest';
import { bytesOf, othersRun, range, seqsOf, start } from '../conformance/open.js';
import { heldBack } from '../conformance/streams.js';
import { actor } from '../support/actor.js';
import { all, piped } from '../support/child.js';
import { opened } from '../support/executors.js';
import { Gate } from '../support/gate.js';
import { PatternCheck, pattern } from '../support/pattern.js';
import { bytesWritten } from '../support/proc.js';

const MEGABYTE = 1 << 20;

test('readers that never read hold back their own executions, and delay nothing of others', async () => {
  const executor = opened();
  const stuck: [string, (source: Subprocess) => unknown][] = [
    ['lossless events', (source) => source.events({ lossless: true })],
    ['lossless events, asked once', (source) => source.events({ lossless: true }).next()],
    ['an iterator', (source) => piped(source.stdout)[Symbol.asyncIterator]()],
    ['a Readable', (source) => piped(source.stdout).readable()],
    ['nobody', () => {}],
  ];
  const sources = stuck.map(([, attach]) => {
    const source = start(executor, actor('forever'), { retainBytes: 1000 });
    attach(source);
    return source;
  });
  for (const source of sources) await heldBack(executor, source);
  const written = sources.map(({ pid }) => bytesWritten(pid as number));
  for (const bytes of written) expect(bytes).toBeLessThan(4 * MEGABYTE);
  // All that an execution does, beside them.
  const size = 5_000_000;
  const { file, args } = actor('fork', '{', 'err', size, '}', 'out', size);
  const other = start(executor, actor('out', size, 'exit', 3));
  const [result, events] = await Promise.all([
    executor.run(file, args, { encoding: 'buffer' }),
    all(other.events({ lossless: true })),
  ]);
  expect(result.stdout.equals(pattern(size, 0, 1))).toBe(true);
  expect(result.stderr.equals(pattern(size, 0, 2))).toBe(true);
  expect(bytesOf(events, 'stdout').equals(pattern(size, 0, 1))).toBe(true);
  expect((await other.wait()).code).toBe(3);
  for (const i of range(1, 100)) expect((await start(executor, actor('exit', i)).wait()).code).toBe(i);
  // They stand where they stood.
  expect(sources.map(({ pid }) => bytesWritten(pid as number))).toEqual(written);
  await Promise.all(sources.map((source) => source.terminate({ graceMs: 0 })));
});

test('of two log readers the slow one misses exactly what the log can’t hold, the fast one nothing, and isn’t slowed', async () => {
  const executor = opened();
  const [part, parts, retainBytes] = [200_000, 15, 300_000];
  const gate = new Gate();
  const words = range(1, parts).flatMap(() => ['out', part, 'flushed', 'err', 100, 'await', gate.path]);
  const source = start(executor, actor(...words), { retainBytes });
  const handle = await executor.attach(source.id);
  const slow = handle.events();
  const first = (await slow.next()).value as ExecutionEvent & { type: 'stdout' };
  expect(first).toMatchObject({ type: 'stdout', seq: 1 });
  // The child goes on when the fast reader has come as far; the slow one never asks meanwhile.
  const fast: ExecutionEvent[] = [];
  let next = part + 100;
  let came = 0;
  for await (const event of source.events()) {
    fast.push(event);
    if ('data' in event) came += event.data.length;
    if (came < next) continue;
    next += part + 100;
    if (event.type !== 'exit') gate.release();
  }
  const total = part * parts;
  expect(seqsOf(fast)).toEqual(range(1, fast.length));
  expect(bytesOf(fast, 'stdout').equals(pattern(total, 0, 1))).toBe(true);
  expect(bytesOf(fast, 'stderr').equals(pattern(100 * parts, 0, 2))).toBe(true);
  const rest = await all(slow);
  expect(rest[0]).toEqual({
    type: 'lag',
    dropped: { stdout: total - retainBytes - first.data.length, stderr: 0 },
  });
  expect(rest.slice(1).map(({ type }) => type)).not.toContain('lag');
  expect(bytesOf(rest, 'stdout').equals(pattern(retainBytes, total - retainBytes, 1))).toBe(true);
  expect(bytesOf(rest, 'stderr').equals(pattern(100 * parts, 0, 2))).toBe(true);
  expect(rest.at(-1)).toEqual(fast.at(-1));
  expect((await source.wait()).dropped).toEqual({ stdout: 0, stderr: 0 });
});

test('two byte readers, one slow: the child keeps to the slow one, and both have every byte', async () => {
  const executor = opened();
  const size = 20_000_000;
  const source = start(executor, actor('out', size), { retainBytes: 1000 });
  const handle = await executor.attach(source.id);
  const [fast, slow] = [new PatternCheck(1), new PatternCheck(1)];
  const slowly = async () => {
    for await (const chunk of piped(handle.stdout)) {
      slow.add(chunk);
      // What the log holds for it, what is on its way, and the pipe.
      expect(fast.length - slow.length).toBeLessThanOrEqual(3 * MEGABYTE);
      await othersRun(executor);
    }
  };
  const quickly = async () => {
    for await (const chunk of piped(source.stdout)) fast.add(chunk);
  };
  await Promise.all([slowly(), quickly()]);
  expect([fast.matched, slow.matched]).toEqual([size, size]);
  expect([source.lag, handle.lag]).toEqual([
    { stdout: 0, stderr: 0 },
    { stdout: 0, stderr: 0 },
  ]);
  expect((await source.wait()).dropped).toEqual({ stdout: 0, stderr: 0 });
});

test('a lossless log reader that leaves lets the child go on', async () => {
  const executor = opened();
  const source = start(executor, actor('out', 10_000_000), { retainBytes: 1000 });
  const exit = source.wait();
  const events = source.events({ lossless: true });
  await events.next();
  await heldBack(executor, source);
  await events.return?.();
  expect((await exit).code).toBe(0);
});
