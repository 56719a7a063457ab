import { constants } from 'node:os';
import type { Executor, LocalExecutor, Subprocess } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { range, start } from '../conformance/open.js';
import { actor } from '../support/actor.js';
import { piped, rejection } from '../support/child.js';
import { opened } from '../support/executors.js';
import { called, faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';

const { EAGAIN, EMFILE, ENFILE, ENOMEM } = constants.errno;
/** What the system says when there is no room, and where. */
const refusals: [call: string, code: string, errno: number][] = [
  ['posix_spawn', 'EAGAIN', EAGAIN],
  ['posix_spawn', 'ENOMEM', ENOMEM],
  ['pipe', 'EMFILE', EMFILE],
  ['pipe', 'ENFILE', ENFILE],
];
const HOLD = 1;

const statesOf = async (executor: Executor) => (await executor.list()).map(({ state }) => state);
const starts = () => faults.counts().posix_spawn ?? 0;

/** One that runs until its gate is opened, and has been started. */
async function held(executor: Executor): Promise<{ source: Subprocess; gate: Gate }> {
  const gate = new Gate();
  const source = start(executor, actor('await', gate.path));
  await source.started;
  return { source, gate };
}

/** Resolves when so many wait for their turn. */
async function waiting(executor: LocalExecutor, count: number): Promise<void> {
  while (executor.stats().queued !== count) await new Promise(setImmediate);
}

test.each(['thread_create', 'poller_open'])('an engine that can’t come up (%s): the call says so', async (call) => {
  const executor = opened({ maxLive: 1 });
  faults.arm(call, 'fail', EAGAIN, 0, 1);
  expect(() => executor.spawn('true')).toThrow(expect.objectContaining({ name: 'LastbyteError', code: 'EAGAIN' }));
  expect((await executor.spawn('true').wait()).code).toBe(0);
  expect(await statesOf(executor)).toEqual(['exited']);
});

describe.each(refusals)('%s says %s', (call, code, errno) => {
  test('while another lives: it waits for an end, and starts then', async () => {
    const executor = opened({ maxLive: 100 });
    const { source, gate } = await held(executor);
    faults.reset();
    faults.arm(call, 'fail', errno, 0, 1);
    const second = start(executor, actor('out', 1000, 'exit', 5));
    const bytes = piped(second.stdout).bytes();
    await called(call, 1);
    await waiting(executor, 1);
    expect(await statesOf(executor)).toEqual(['running', 'queued']);
    expect(second.pid).toBe(undefined);
    const before = starts();
    gate.release();
    expect((await source.wait()).code).toBe(0);
    expect((await second.wait()).code).toBe(5);
    expect((await bytes).equals(pattern(1000, 0, 1))).toBe(true);
    expect(starts() - before).toBe(1);
  });

  test('while none lives: SpawnError at once, and the next start works', async () => {
    const executor = opened({ maxLive: 100 });
    await executor.spawn('true').wait();
    faults.reset();
    faults.arm(call, 'fail', errno, 0, 1);
    const source = executor.spawn('true');
    expect(await rejection(source.wait())).toMatchObject({ name: 'SpawnError', code, errno: -errno, id: source.id });
    expect(starts()).toBe(call === 'posix_spawn' ? 1 : 0);
    expect((await executor.spawn('true').wait()).code).toBe(0);
    expect(executor.stats()).toMatchObject({ queued: 0, live: 0, exited: 2, failed: 1 });
  });

  test('to all that are in flight, once: each is tried again, and runs', async () => {
    const executor = opened({ maxLive: 100 });
    faults.arm(call, 'fail', errno, 0, 8);
    const sources = range(1, 8).map((i) => start(executor, actor('out', i, 'exit', i)));
    const bytes = sources.map((source) => piped(source.stdout).bytes());
    const infos = await Promise.all(sources.map((source) => source.wait()));
    expect(infos.map(({ code }) => code)).toEqual(range(1, 8));
    expect((await Promise.all(bytes)).map(({ length }) => length)).toEqual(range(1, 8));
  });
});

test('all are refused, again and again: each has that error, after a second try alone', async () => {
  const executor = opened({ maxLive: 100 });
  await executor.spawn('true').wait();
  faults.reset();
  faults.arm('posix_spawn', 'fail', EAGAIN, 0, -1);
  const sources = range(1, 40).map(() => executor.spawn('true'));
  const errors = await Promise.all(sources.map((source) => rejection(source.wait())));
  expect(errors.map(({ code }) => code)).toEqual(sources.map(() => 'EAGAIN'));
  expect(starts()).toBe(80);
  expect(executor.stats()).toMatchObject({ queued: 0, live: 0, failed: 40 });
});

test('of two in one turn one is refused: it is not alone, and waits for the other’s end', async () => {
  for (let i = 0; i < 20; i++) {
    const executor = opened({ maxLive: 2 });
    faults.reset();
    faults.arm('posix_spawn', 'fail', EAGAIN, 0, 1);
    const sources = range(1, 2).map((code) => start(executor, actor('exit', code)));
    const infos = await Promise.all(sources.map((source) => source.wait()));
    expect(infos.map(({ code }) => code)).toEqual([1, 2]);
    expect(starts()).toBe(3);
  }
});

test('both of two are refused: when the first one runs after all, the second doesn’t wait for its end', async () => {
  const executor = opened({ maxLive: 2 });
  const gate = new Gate();
  faults.arm('posix_spawn', 'fail', EAGAIN, 0, 2);
  const first = start(executor, actor('await', gate.path, 'exit', 1));
  const second = start(executor, actor('exit', 2));
  expect((await second.wait()).code).toBe(2);
  expect(await statesOf(executor)).toEqual(['running', 'exited']);
  gate.release();
  expect((await first.wait()).code).toBe(1);
});

test('the order is kept: one that was refused comes before those behind it', async () => {
  const executor = opened({ maxLive: 3 });
  const first = await held(executor);
  faults.reset();
  faults.arm('posix_spawn', 'fail', EAGAIN, 0, 2);
  const gates = range(1, 5).map(() => new Gate());
  const sources = gates.map((gate) => start(executor, actor('await', gate.path)));
  await waiting(executor, 5);
  expect(starts()).toBe(2);
  expect(await statesOf(executor)).toEqual(['running', ...sources.map(() => 'queued')]);
  first.gate.release();
  await Promise.all(sources.slice(0, 3).map((source) => source.started));
  expect(await statesOf(executor)).toEqual(['exited', 'running', 'running', 'running', 'queued', 'queued']);
  for (const gate of gates) gate.release();
  await Promise.all(sources.map((source) => source.wait()));
});

test('each end is one more try, until there is room', async () => {
  const executor = opened({ maxLive: 100 });
  const helds = [await held(executor), await held(executor), await held(executor)];
  faults.reset();
  faults.arm('posix_spawn', 'fail', EAGAIN, 0, 3);
  const source = start(executor, actor('exit', 6));
  for (const [i, { source: other, gate }] of helds.entries()) {
    await called('posix_spawn', i + 1);
    await waiting(executor, 1);
    gate.release();
    await other.wait();
  }
  expect((await source.wait()).code).toBe(6);
  expect(starts()).toBe(4);
});

test('what was asked of it before holds: stdin, listeners, waits, a timeout', async () => {
  const executor = opened({ maxLive: 2 });
  const { source, gate } = await held(executor);
  faults.reset();
  faults.arm('posix_spawn', 'fail', EAGAIN, 0, 1);
  const second = start(executor, actor('count', 'pause'), { stdin: 'pipe', timeoutMs: 500 });
  piped(second.stdin).end(pattern(500_000));
  const text = new Promise((resolve) => second.on('stdout', (chunk) => resolve(String(chunk))));
  const waits = [second.wait(), second.wait()];
  const pid = second.started;
  await called('posix_spawn', 1);
  await waiting(executor, 1);
  gate.release();
  await source.wait();
  expect(await text).toBe('500000 of 500000\n');
  const [info, same] = await Promise.all(waits);
  expect(info).toMatchObject({ reason: 'timedOut', pid: await pid });
  expect(same).toBe(info);
});

describe('one that waits for room', () => {
  async function refused() {
    const executor = opened({ maxLive: 100 });
    const first = await held(executor);
    faults.reset();
    faults.arm('posix_spawn', 'fail', EAGAIN, 0, 1);
    const second = start(executor, actor('pause'));
    const wait = rejection(second.wait());
    await called('posix_spawn', 1);
    await waiting(executor, 1);
    return { executor, first, second, wait };
  }

  test('is killed: it is never started', async () => {
    const { executor, first, second, wait } = await refused();
    expect([second.kill(0), second.kill(), second.kill()]).toEqual([true, true, false]);
    expect(await wait).toMatchObject({ code: 'ECANCELED', stage: 'cancelled', id: second.id });
    first.gate.release();
    await first.source.wait();
    expect((await executor.spawn('true').wait()).code).toBe(0);
    expect(starts()).toBe(2);
  });

  test('is told of the executor’s close', async () => {
    const { executor, wait } = await refused();
    await executor.close();
    expect(await wait).toMatchObject({ code: 'ERR_LASTBYTE_CLOSED' });
    expect(starts()).toBe(1);
  });
});

test('one that is killed while it is being started, and refused, is not tried again', async () => {
  const executor = opened({ maxLive: 100 });
  const { source, gate } = await held(executor);
  faults.reset();
  faults.arm('pipe', 'hold', HOLD, 0, 1);
  const second = start(executor, actor('pause'));
  await called('pipe', 1);
  faults.arm('pipe', 'fail', EMFILE, 0, -1);
  expect(second.kill('SIGTERM')).toBe(true);
  faults.release(HOLD);
  expect(['EMFILE', 'ECANCELED']).toContain((await rejection(second.wait())).code);
  faults.reset();
  gate.release();
  await source.wait();
  expect(executor.stats()).toMatchObject({ queued: 0, live: 0 });
  expect(starts()).toBe(0);
});

test('without maxLive nothing waits: the system’s word is final, though others live', async () => {
  const executor = opened();
  const { source, gate } = await held(executor);
  faults.reset();
  faults.arm('posix_spawn', 'fail', EAGAIN, 0, 1);
  expect(await rejection(executor.spawn('true').wait())).toMatchObject({ code: 'EAGAIN' });
  expect(starts()).toBe(1);
  gate.release();
  await source.wait();
});

test('200 commands on a system that is often full: every byte of each', async () => {
  const executor = opened({ maxLive: 16 });
  // Never alone: what the system says is never final.
  const { source, gate } = await held(executor);
  for (const burst of range(0, 19)) faults.arm('posix_spawn', 'fail', EAGAIN, 4 + burst * 11, 3);
  const { file } = actor();
  const options = { encoding: 'buffer', check: false } as const;
  const results = await Promise.all(
    range(1, 200).map((i) => executor.run(file, ['out', `${i * 10}`, 'exit', `${i % 256}`], options)),
  );
  expect(results.map(({ code }) => code)).toEqual(range(1, 200).map((i) => i % 256));
  expect(results.filter(({ stdout }, i) => !stdout.equals(pattern(i * 10 + 10, 0, 1)))).toEqual([]);
  gate.release();
  await source.wait();
  expect(executor.stats()).toMatchObject({ queued: 0, live: 0, exited: 201, failed: 0 });
});
