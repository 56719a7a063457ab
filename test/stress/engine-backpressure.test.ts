import { Engine, engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { Gate } from '../support/gate.js';
import { type Recording, record } from '../support/record.js';

/** For minutes: LASTBYTE_STRESS_SECONDS=300. */
const seconds = Number(process.env.LASTBYTE_STRESS_SECONDS ?? 5);
const MEBIBYTE = 2 ** 20;

/** Runs other executions for as long, and gives the largest resident set that was seen. */
async function othersRun(): Promise<number> {
  let most = 0;
  for (const start = performance.now(); performance.now() - start < seconds * 1000; ) {
    const others = Array.from({ length: 8 }, () => record(actor('out', 100_000, 'err', 100), { keep: false }));
    await Promise.all(others.map((child) => child.wait()));
    if (others.some(({ stdout, stderr }) => stdout.matched !== 100_000 || stderr.matched !== 100))
      throw new Error('wrong');
    most = Math.max(most, process.memoryUsage.rss());
  }
  return most;
}

async function end(child: Recording): Promise<void> {
  child.execution.kill('SIGKILL');
  child.execution.resume();
  await child.wait();
}

test('a flood that nobody reads, and one that is read slowly: memory stays flat, all else flows', async () => {
  await othersRun();
  const gate = new Gate();
  const words = ['fork', '{', 'await', gate.path, 'forever', '}', 'chunk', 100, 'err', 1_000_000, 'pause'];
  const unread = record(actor(...words), { keep: false });
  unread.execution.pause(1);
  gate.release();
  const slow = record(
    { ...actor('forever'), credit: 'manual' },
    { keep: false, on: { onStdout: (chunk) => setTimeout(() => slow.execution.consumed(1, chunk.length), 10) } },
  );
  const before = process.memoryUsage.rss();
  const most = await othersRun();
  expect(most - before).toBeLessThan(100 * MEBIBYTE);
  expect(unread.stdout.length).toBe(0);
  expect(unread.stderr.matched).toBe(1_000_000);
  expect(slow.stdout.matched).toBe(slow.stdout.length);
  expect(slow.stdout.length).toBeGreaterThan(MEBIBYTE);
  expect(engine.stats().slabBytes).toBeLessThan(100 * MEBIBYTE);
  await Promise.all([end(unread), end(slow)]);
});

test('copied output does not pile up either', async () => {
  const copying = new Engine({ copyOutput: true });
  const flood = record(actor('forever'), { engine: copying, keep: false });
  await flood.until(() => flood.stdout.length > 100 * MEBIBYTE);
  const before = process.memoryUsage.rss();
  await flood.until(() => flood.stdout.length > 2000 * MEBIBYTE);
  expect(process.memoryUsage.rss() - before).toBeLessThan(200 * MEBIBYTE);
  expect(flood.stdout.matched).toBe(flood.stdout.length);
  await end(flood);
  await copying.close();
});
