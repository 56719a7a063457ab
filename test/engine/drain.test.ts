import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { Gate, Mailbox } from '../support/gate.js';
import { type Recording, record } from '../support/record.js';

// A test that waits for a cut only ever waits for the cut itself. That something is *not* cut is shown by a chunk that
// still comes when, without the rule, it couldn't.

/** What was cut isn't killed: the test does that. */
async function endAfterCut(child: Recording): Promise<void> {
  expect((await child.wait()).outputComplete).toBe(false);
  process.kill(-child.pid, 'SIGKILL');
}

/** The leader ends at once; a grandchild does these words with the streams open. */
const leaves = (...words: (string | number)[]) => actor('fork', '{', ...words, '}', 'exit', 0);

test('idleMs: a silent grandchild is cut off, and the output is said to be incomplete', async () => {
  const gate = new Gate();
  const child = record({ ...leaves('await', gate.path), drain: { idleMs: 20 } });
  expect(await child.wait()).toMatchObject({ code: 0, reason: 'exited', outputComplete: false });
  gate.release();
});

test('deadlineMs: a grandchild that never stops is cut off', async () => {
  const gate = new Gate();
  const child = record(
    { ...actor('fork', '{', 'forever', '}', 'await', gate.path, 'exit', 0), drain: { deadlineMs: 50 } },
    { keep: false },
  );
  await child.until(() => child.stdout.length > 0);
  gate.release();
  expect(await child.wait()).toMatchObject({ code: 0, outputComplete: false });
  expect(child.stdout.matched).toBe(child.stdout.length);
});

test('idleMs is armed again by each chunk: output that goes on is not cut', async () => {
  const gate = new Gate();
  const mailbox = new Mailbox();
  const words = Array.from({ length: 8 }, () => ['await', gate.path, 'out', 1]).flat();
  // Eight chunks, a sixth of the grace apart: the last comes when a grace that nothing renews is over.
  const child = record(
    { ...leaves(...words, 'tell', mailbox.path, 'unharmed'), drain: { idleMs: 1200 } },
    { on: { onReaped: () => gate.release(), onStdout: () => setTimeout(() => gate.release(), 200) } },
  );
  expect((await child.wait()).outputComplete).toBe(true);
  expect(child.stdout.matched).toBe(8);
  expect(await mailbox.next()).toBe('unharmed');
});

test('deadlineMs is not armed again by chunks', async () => {
  const gate = new Gate();
  const child = record(
    {
      ...leaves(...Array.from({ length: 10_000 }, () => ['await', gate.path, 'out', 1]).flat()),
      drain: { deadlineMs: 300 },
    },
    // The next chunk follows each, without end: only a deadline that nothing renews can come.
    { on: { onStdout: () => setTimeout(() => gate.release(), 10) } },
  );
  gate.release();
  expect((await child.wait()).outputComplete).toBe(false);
  expect(child.stdout.length).toBeLessThan(10_000);
});

test('what stood in the pipe when a stream is cut is delivered', async () => {
  const gate = new Gate();
  const child = record({
    ...actor('await', gate.path, 'out', 40_000, 'fork', '{', 'pause', '}', 'exit', 0),
    drain: { deadlineMs: 0 },
  });
  // Nobody reads it: it stays in the pipe until the cut.
  child.execution.pause();
  gate.release();
  await endAfterCut(child);
  expect(child.stdout.matched).toBe(40_000);
});

test('a stream that its consumer holds back, with bytes in its pipe, is not idle', async () => {
  const gate = new Gate();
  const drain = { idleMs: 20 };
  const child = record({ ...actor('await', gate.path, 'out', 10, 'fork', '{', 'pause', '}', 'exit', 0), drain });
  child.execution.pause();
  gate.release();
  await child.until(() => child.log.includes('r'));
  // Long enough for several graces, by the clock of others that have the same.
  for (let i = 0; i < 5; i++) await endAfterCut(record({ ...leaves('pause'), drain }));
  expect(child.log).toBe('Sr');
  child.execution.resume();
  await endAfterCut(child);
  expect(child.stdout.matched).toBe(10);
});

test('a stream that ends by itself is complete under any policy', async () => {
  for (const drain of ['eof', { idleMs: 0 }, { deadlineMs: 0 }] as const) {
    const child = record({ ...actor('out', 1_000_000, 'exit', 0), drain }, { keep: false });
    const info = await child.wait();
    expect(child.stdout.matched).toBe(child.stdout.length);
    if (drain === 'eof') expect(info.outputComplete).toBe(true);
    if (info.outputComplete) expect(child.stdout.length).toBe(1_000_000);
  }
});

test('only the stream that is still open is cut', async () => {
  const ends: number[] = [];
  const child = record(
    { ...leaves('close', 1, 'pause'), drain: { idleMs: 20 } },
    { on: { onStreamEnd: (stream) => ends.push(stream) } },
  );
  await endAfterCut(child);
  expect(ends).toEqual([1, 2]);
});

test('the grandchild of a cut stream is not killed: it gets EPIPE when it writes', async () => {
  const gate = new Gate();
  const mailbox = new Mailbox();
  const child = record({
    ...leaves('ignore', 13, 'await', gate.path, 'fork', '{', 'out', 1, '}', 'tell', mailbox.path, 'alive'),
    drain: { idleMs: 20 },
  });
  await child.wait();
  gate.release();
  expect(await mailbox.next()).toBe('alive');
  expect(child.stdout.length).toBe(0);
});
