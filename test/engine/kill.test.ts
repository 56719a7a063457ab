import { expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { Gate } from '../support/gate.js';
import { stateOf } from '../support/leaks.js';
import { type Recording, record } from '../support/record.js';

const SIGTERM = 15;
const isRunning = (child: Recording) => child.until(() => child.log.startsWith('S'));

test.each(['SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGINT', 'SIGUSR1', 'SIGPIPE'] as const)(
  '%s ends a child',
  async (signal) => {
    const child = record(actor('pause'));
    await isRunning(child);
    expect(child.execution.kill(signal)).toBe(true);
    expect(await child.wait()).toMatchObject({ code: null, signal, reason: 'killed', outputComplete: true });
  },
);

test('a signal by its number', async () => {
  const child = record(actor('pause'));
  await isRunning(child);
  child.execution.kill(9);
  expect(await child.wait()).toMatchObject({ signal: 'SIGKILL', reason: 'killed' });
});

test('the group goes with its leader', async () => {
  const child = record(actor('fork', '{', 'pause', '}', 'fork', '{', 'pause', '}', 'text', 'ready', 'pause'));
  await child.until(() => child.stdout.length > 0);
  child.execution.kill('SIGTERM');
  // The grandchildren hold the streams: Exit says that they are gone.
  expect(await child.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'killed', outputComplete: true });
});

test('without a group of its own only the child gets the signal', async () => {
  const gate = new Gate();
  const child = record({
    ...actor('fork', '{', 'await', gate.path, 'text', 'survived', '}', 'text', 'ready ', 'pause'),
    group: false,
  });
  await child.until(() => child.stdout.length > 0);
  child.execution.kill('SIGTERM');
  await child.until(() => child.log.includes('r'));
  gate.release();
  await child.wait();
  expect(child.stdout.text).toBe('ready survived');
});

test('a child that ends itself by a signal was not killed by us', async () => {
  expect(await record(actor('raise', SIGTERM)).wait()).toMatchObject({ signal: 'SIGTERM', reason: 'signaled' });
});

test('a signal from elsewhere is not ours', async () => {
  const child = record(actor('pause'));
  await isRunning(child);
  process.kill(child.pid, 'SIGUSR2');
  expect(await child.wait()).toMatchObject({ signal: 'SIGUSR2', reason: 'signaled' });
});

test('a signal that the child survives leaves its own end to count', async () => {
  const child = record(actor('ignore', SIGTERM, 'text', 'ready', 'pause'));
  await child.until(() => child.stdout.length > 0);
  expect(child.execution.kill('SIGTERM')).toBe(true);
  process.kill(child.pid, 'SIGUSR2');
  expect(await child.wait()).toMatchObject({ signal: 'SIGUSR2', reason: 'signaled' });
});

test('Reaped and Exit give the same reason for a killed child', async () => {
  const gate = new Gate();
  const child = record({ ...actor('fork', '{', 'setsid', 'text', 'ready', 'await', gate.path, '}', 'pause') });
  await child.until(() => child.stdout.length > 0);
  child.execution.kill('SIGTERM');
  await child.until(() => child.reaped !== undefined);
  gate.release();
  const info = await child.wait();
  expect([child.reaped?.reason, info.reason]).toEqual(['killed', 'killed']);
});

test('signal 0 asks whether anybody is there', async () => {
  const child = record(actor('pause'));
  await isRunning(child);
  expect(child.execution.kill(0)).toBe(true);
  expect(child.execution.kill(0)).toBe(true);
  child.execution.kill('SIGKILL');
  await child.wait();
  expect(child.execution.kill(0)).toBe(false);
});

test('after Reaped the rest of the group can still be killed', async () => {
  const child = record(actor('fork', '{', 'pause', '}', 'exit', 4));
  await child.until(() => child.log.includes('r'));
  expect(stateOf(child.pid)).toBe('Z');
  expect(child.execution.kill('SIGKILL')).toBe(true);
  expect(await child.wait()).toMatchObject({ code: 4, signal: null });
  expect(stateOf(child.pid)).toBe(undefined);
});

test('after Exit kill is false, and hits nobody', async () => {
  const child = record(actor('exit', 0));
  await child.wait();
  expect(child.execution.kill('SIGKILL')).toBe(false);
  expect(child.execution.terminate()).toBe(false);
});

test('kill right after execute: the child is not started, or ended as soon as it exists', async () => {
  const outcomes = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const child = record(actor('text', 'never', 'pause'));
    expect(child.execution.kill('SIGKILL')).toBe(true);
    const outcome = await child.exit.catch((error) => error);
    outcomes.add(outcome.code ?? outcome.reason);
  }
  expect([...outcomes].filter((outcome) => outcome !== 'ECANCELED' && outcome !== 'killed')).toEqual([]);
});

test('SIGSTOP and SIGCONT before the start reach it', async () => {
  const child = record(actor('text', 'ran', 'exit', 0));
  child.execution.kill('SIGSTOP');
  child.execution.kill('SIGCONT');
  expect((await child.wait()).code).toBe(0);
  expect(child.stdout.text).toBe('ran');
});

test('the ladder: a child that obeys gets no SIGKILL', async () => {
  const child = record(actor('pause'));
  await isRunning(child);
  expect(child.execution.terminate('killed', 'SIGTERM', 60_000)).toBe(true);
  expect(await child.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
});

test('the ladder: a child that does not obey gets SIGKILL', async () => {
  const child = record(actor('ignore', SIGTERM, 'text', 'ready', 'pause'));
  await child.until(() => child.stdout.length > 0);
  child.execution.terminate('aborted', 'SIGTERM', 20);
  expect(await child.wait()).toMatchObject({ signal: 'SIGKILL', reason: 'aborted' });
});

test('the ladder reaches grandchildren that do not obey', async () => {
  const child = record(actor('fork', '{', 'ignore', SIGTERM, 'text', 'ready', 'pause', '}', 'pause'));
  await child.until(() => child.stdout.length > 0);
  child.execution.terminate('killed', 'SIGTERM', 20);
  expect(await child.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'killed', outputComplete: true });
});

test('the ladder’s end: a grandchild that has left the group can’t hold Exit up', async () => {
  const gate = new Gate();
  const child = record(actor('fork', '{', 'setsid', 'text', 'ready', 'await', gate.path, '}', 'pause'));
  await child.until(() => child.stdout.length > 0);
  child.execution.terminate('killed', 'SIGTERM', 0);
  expect(await child.wait()).toMatchObject({ reason: 'killed', outputComplete: false });
  gate.release();
});

test('a timeout ends a child that takes too long', async () => {
  const child = record({ ...actor('pause'), timeoutMs: 30 });
  expect(await child.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'timedOut' });
});

test('a timeout climbs the ladder as well', async () => {
  // A signal that does nothing to the child, from its first moment on.
  const child = record({ ...actor('pause'), timeoutMs: 20, killSignal: 'SIGCONT', killAfterMs: 10 });
  expect(await child.wait()).toMatchObject({ signal: 'SIGKILL', reason: 'timedOut' });
});

test('a timeout uses the signal that was asked for', async () => {
  const child = record({ ...actor('pause'), timeoutMs: 30, killSignal: 'SIGINT' });
  expect(await child.wait()).toMatchObject({ signal: 'SIGINT', reason: 'timedOut' });
});

test('a timeout that is not reached changes nothing', async () => {
  const child = record({ ...actor('exit', 2), timeoutMs: 60_000 });
  expect(await child.wait()).toMatchObject({ code: 2, reason: 'exited' });
});

test('the output of a killed child is delivered up to its end', async () => {
  const child = record(actor('out', 60_000, 'err', 1, 'pause'), {
    on: { onStderr: () => child.execution.kill('SIGKILL') },
  });
  await child.wait();
  expect(child.stdout.matched).toBe(60_000);
});

test('the first cause counts', async () => {
  const child = record(actor('ignore', SIGTERM, 'text', 'ready', 'pause'));
  await child.until(() => child.stdout.length > 0);
  child.execution.terminate('aborted', 'SIGTERM', 60_000);
  child.execution.terminate('killed', 'SIGKILL', 60_000);
  expect(await child.wait()).toMatchObject({ signal: 'SIGKILL', reason: 'aborted' });
});

test('a stopped child is not a reaped one', async () => {
  const child = record(shell('kill -STOP $$; echo continued'));
  await isRunning(child);
  while (stateOf(child.pid) !== 'T') await new Promise(setImmediate);
  expect(child.log).toBe('S');
  child.execution.kill('SIGCONT');
  await child.wait();
  expect(child.stdout.text).toBe('continued\n');
});
