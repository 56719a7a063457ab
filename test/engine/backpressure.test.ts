import { readFileSync } from 'node:fs';
import { engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { Gate, Mailbox } from '../support/gate.js';
import { stateOf } from '../support/leaks.js';
import { type Recording, record } from '../support/record.js';

/** The largest pipe that a busy stream is given. */
const PIPE_BYTES = 1 << 20;

/** Bytes that a process has written so far; proc(5). */
const written = (pid: number) => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);

/** Resolves when the process, which does nothing but write, sleeps: its pipe has no room. */
async function isBlockedInWrite(pid: number): Promise<void> {
  while (stateOf(pid) !== 'S') await new Promise(setImmediate);
}

async function othersRun(): Promise<void> {
  const others = Array.from({ length: 8 }, () => record(actor('out', 100_000, 'err', 100)));
  await Promise.all(others.map((child) => child.wait()));
  expect(others.map(({ stdout }) => stdout.matched)).toEqual(others.map(() => 100_000));
}

async function end(child: Recording): Promise<void> {
  child.execution.kill('SIGKILL');
  child.execution.cancel(1);
  await child.wait();
}

test.each([4096, 65_536, 1 << 20, 3_000_000])(
  'credit that is never given back: exactly windowBytes (%d) are delivered, and the child is held back',
  async (windowBytes) => {
    const child = record({ ...actor('forever'), windowBytes, credit: 'manual' }, { keep: false });
    await child.until(() => child.stdout.length >= windowBytes);
    await isBlockedInWrite(child.pid);
    await othersRun();
    expect(child.stdout.length).toBe(windowBytes);
    expect(child.stdout.matched).toBe(windowBytes);
    expect(written(child.pid)).toBeLessThanOrEqual(windowBytes + PIPE_BYTES);
    await end(child);
  },
);

test('credit that is given back lets as much again through', async () => {
  const windowBytes = 65_536;
  const child = record({ ...actor('forever'), windowBytes, credit: 'manual' }, { keep: false });
  for (let round = 1; round <= 20; round++) {
    await child.until(() => child.stdout.length >= round * windowBytes);
    await othersRun();
    expect(child.stdout.length).toBe(round * windowBytes);
    child.execution.consumed(1, windowBytes);
  }
  expect(child.stdout.matched).toBe(child.stdout.length);
  await end(child);
});

test('a paused stream is held back: memory stays flat, and resume goes on with no byte lost', async () => {
  const size = 20_000_000;
  const child = record({ ...actor('out', size) }, { keep: false });
  await child.until(() => child.stdout.length > 1_000_000);
  child.execution.pause(1);
  await isBlockedInWrite(child.pid);
  await othersRun();
  const { queued, slabBytes } = engine.stats();
  expect(queued).toBe(0);
  expect(slabBytes).toBeLessThan(64 * 1024 * 1024);
  expect(written(child.pid) - child.stdout.length).toBeLessThanOrEqual(PIPE_BYTES);
  child.execution.resume(1);
  expect((await child.wait()).outputComplete).toBe(true);
  expect(child.stdout.length).toBe(size);
  expect(child.stdout.matched).toBe(size);
});

test('a stream that is paused before its first byte delivers nothing until it is resumed', async () => {
  const gate = new Gate();
  const child = record(actor('await', gate.path, 'out', 10));
  child.execution.pause();
  gate.release();
  await child.until(() => child.log === 'Sr');
  await othersRun();
  expect(child.log).toBe('Sr');
  child.execution.resume();
  await child.wait();
  expect(child.stdout.matched).toBe(10);
});

test('pause may be called from the stream’s own callback, again and again', async () => {
  const size = 3_000_000;
  const child: Recording = record(
    { ...actor('out', size), windowBytes: 16_384 },
    {
      keep: false,
      on: {
        onStdout: () => {
          child.execution.pause(1);
          setImmediate(() => child.execution.resume(1));
        },
      },
    },
  );
  await child.wait();
  expect(child.stdout.matched).toBe(size);
});

test('while stdout is held back, stderr of the same execution flows', async () => {
  const mailbox = new Mailbox();
  const gate = new Gate();
  const grandchild = ['fork', '{', 'await', gate.path, 'forever', '}'];
  const words = [...grandchild, 'await', gate.path, 'err', 5_000_000, 'tell', mailbox.path, 'all written', 'pause'];
  const child = record(actor(...words), { keep: false });
  child.execution.pause(1);
  gate.release(2);
  await child.until(() => child.stderr.length === 5_000_000);
  expect(await mailbox.next()).toBe('all written');
  expect(child.stderr.matched).toBe(5_000_000);
  expect(child.stdout.length).toBe(0);
  await end(child);
});

test('a consumer that is slow with each chunk gets all of them', async () => {
  const size = 10_000_000;
  const child = record(
    { ...actor('out', size), credit: 'manual', windowBytes: 1 << 18 },
    {
      keep: false,
      on: { onStdout: (chunk) => setTimeout(() => child.execution.consumed(1, chunk.length), 2) },
    },
  );
  await child.wait();
  expect(child.stdout.matched).toBe(size);
});

test('cancel closes the pipe: the child gets EPIPE, and its output counts as incomplete', async () => {
  const child = record(actor('ignore', 13, 'forever'), { keep: false });
  await child.until(() => child.stdout.length > 0);
  child.execution.cancel(1);
  expect(await child.wait()).toMatchObject({ code: 101, outputComplete: false });
});

test('cancel right after execute, whether or not the child runs by then', async () => {
  for (let i = 0; i < 20; i++) {
    const child = record(actor('ignore', 13, 'forever'), { keep: false });
    child.execution.cancel(1);
    expect(await child.wait()).toMatchObject({ code: 101, outputComplete: false });
    expect(child.stdout.matched).toBe(child.stdout.length);
  }
});

test('chunks that are given back bring no wrong byte into later ones', async () => {
  const size = 100_000_000;
  const child = record(actor('out', size), {
    keep: false,
    on: { onStdout: (chunk) => child.execution.release(chunk) },
  });
  await child.wait();
  expect([child.stdout.length, child.stdout.matched]).toEqual([size, size]);
});
