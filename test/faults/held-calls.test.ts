import { availableParallelism } from 'node:os';
import { Engine, engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { called, faults } from '../support/faults.js';
import { stateOf } from '../support/leaks.js';
import { pattern } from '../support/pattern.js';
import { type Recording, record } from '../support/record.js';

// Races, each driven to its one worst order by a system call that waits for the test.
const GATE = 1;

test('Exit waits for a stream pump that has not read the last bytes yet', async () => {
  faults.arm('read', 'hold', GATE, 0, 1);
  const child = record(actor('out', 1000, 'exit', 0));
  const wait = child.wait();
  await child.until(() => child.log.includes('r'));
  expect(child.log).toBe('Sr');
  faults.release(GATE);
  await wait;
  expect(child.log).toBe('SroXW');
  expect(child.stdout.matched).toBe(1000);
});

test('Exit waits for the leader where the streams have ended first', async () => {
  faults.arm('waitid', 'hold', GATE, 0, 1);
  const ends: number[] = [];
  const child = record(actor('out', 10, 'exit', 5), { on: { onStreamEnd: (stream) => ends.push(stream) } });
  const wait = child.wait();
  // The exit pump can't wake anybody now; the Started of others does.
  const others: Recording[] = [];
  while (ends.length < 2) {
    const other = record(actor('exit', 0));
    await other.until(() => other.log !== '');
    others.push(other);
  }
  expect(child.log).toBe('So');
  faults.release(GATE);
  expect((await wait).code).toBe(5);
  await Promise.all(others.map((other) => other.wait()));
});

test('Started comes first, though the child has ended before it is announced', async () => {
  faults.arm('pidfd_open', 'hold', GATE, 0, 1);
  const child = record(actor('out', 1000, 'exit', 0));
  const wait = child.wait();
  await called('pidfd_open', 1);
  expect(child.log).toBe('');
  faults.release(GATE);
  await wait;
  expect(child.log).toMatch(/^S/);
  expect(child.stdout.matched).toBe(1000);
});

test('a kill while the child is being started reaches it as soon as it exists', async () => {
  faults.arm('posix_spawn', 'hold', GATE, 0, 1);
  const child = record(actor('pause'));
  await called('posix_spawn', 1);
  expect(child.execution.kill('SIGTERM')).toBe(true);
  faults.release(GATE);
  expect(await child.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
});

test('the ladder while the child is being started climbs from there', async () => {
  faults.arm('pidfd_open', 'hold', GATE, 0, 1);
  const child = record(actor('ignore', 15, 'text', 'x', 'pause'));
  await called('pidfd_open', 1);
  expect(child.execution.terminate('aborted', 'SIGTERM', 10)).toBe(true);
  faults.release(GATE);
  expect(await child.wait()).toMatchObject({ reason: 'aborted' });
});

test('a kill before the start has begun: it never does', async () => {
  // All launchers wait: what is asked for now stays in the queue.
  const launchers = Math.min(2, availableParallelism());
  faults.arm('pipe', 'hold', GATE, 0, -1);
  const busy = Array.from({ length: launchers }, () => record(actor('exit', 0)));
  await called('pipe', launchers);
  const child = record(actor('text', 'never', 'pause'));
  expect(child.execution.kill('SIGTERM')).toBe(true);
  expect(child.execution.kill('SIGTERM')).toBe(false);
  faults.release(GATE);
  await expect(child.wait()).rejects.toMatchObject({ code: 'ECANCELED', stage: 'cancelled' });
  expect(faults.counts().posix_spawn).toBe(launchers);
  await Promise.all(busy.map((each) => each.wait()));
});

test('cancel before the start: the child finds its pipe closed, and nothing of it is delivered', async () => {
  faults.arm('posix_spawn', 'hold', GATE, 0, 1);
  const child = record(actor('ignore', 13, 'forever'), { keep: false });
  await called('posix_spawn', 1);
  child.execution.cancel(1);
  faults.release(GATE);
  expect(await child.wait()).toMatchObject({ code: 101, outputComplete: false });
  expect(child.stdout.length).toBe(0);
});

test('writes, end and pause while the child is being started take effect', async () => {
  faults.arm('posix_spawn', 'hold', GATE, 0, 1);
  const child = record({ ...actor('count'), stdin: 'pipe' });
  await called('posix_spawn', 1);
  child.execution.write(pattern(100_000));
  child.execution.end();
  child.execution.pause(1);
  faults.release(GATE);
  await child.until(() => child.log === 'Sr');
  child.execution.resume(1);
  await child.wait();
  expect(child.stdout.text).toBe('100000 of 100000\n');
});

test('credit that is given back while the pump finds none left is not lost', async () => {
  const child = record({ ...actor('out', 1_000_000), windowBytes: 4096 }, { keep: false });
  faults.arm('read', 'delay', 200, 0, 100);
  await child.wait();
  expect(child.stdout.matched).toBe(1_000_000);
});

test('a waiter that is registered while the child is being started, and while it is collected', async () => {
  faults.arm('posix_spawn', 'hold', GATE, 0, 1);
  faults.arm('waitid', 'hold', GATE + 1, 0, 1);
  const child = record(actor('exit', 6));
  await called('posix_spawn', 1);
  const waits = [child.wait()];
  faults.release(GATE);
  await called('waitid', 1);
  waits.push(child.wait());
  faults.release(GATE + 1);
  expect((await Promise.all(waits)).map(({ code }) => code)).toEqual([6, 6]);
});

test('one child whose output nobody gets round to reading delays no other execution’s start', async () => {
  faults.arm('posix_spawn', 'hold', GATE, 0, 1);
  const held = record(actor('exit', 0));
  await called('posix_spawn', 1);
  // One launcher waits; with a single core it is the only one.
  if (availableParallelism() > 1) await record(actor('out', 1000)).wait();
  expect(held.log).toBe('');
  faults.release(GATE);
  await held.wait();
});

test('an engine that is closed while a child is being started ends it as soon as it exists', async () => {
  const closing = new Engine();
  faults.arm('posix_spawn', 'hold', GATE, 0, 1);
  const child = record(actor('pause'), { engine: closing });
  await called('posix_spawn', 1);
  const closed = closing.close();
  faults.release(GATE);
  await closed;
  expect(child.execution.info).toMatchObject({ reason: 'closed', signal: 'SIGKILL' });
  expect(stateOf(child.pid)).toBe(undefined);
});

test('the figures count what is live until its Exit is queued', async () => {
  faults.arm('posix_spawn', 'hold', GATE, 0, 1);
  const child = record(actor('exit', 0));
  await called('posix_spawn', 1);
  expect(engine.stats().live).toBe(1);
  faults.release(GATE);
  await child.wait();
  expect(engine.stats()).toMatchObject({ live: 0, queued: 0 });
});
