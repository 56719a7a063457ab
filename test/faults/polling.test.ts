import { constants } from 'node:os';
import { engine } from 'lastbyte/engine';
import { beforeEach, expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { holdings } from '../support/leaks.js';
import { ended } from '../support/proc.js';
import { record } from '../support/record.js';

// Without pidfds (Linux before 5.3, a seccomp filter) the exit pump asks for statuses now and then. Same contract.
const { ENOSYS, ECHILD, EMFILE } = constants.errno;

beforeEach(() => faults.arm('pidfd_open', 'fail', ENOSYS, 0, -1));

test('the engine says how it watches', async () => {
  await record(actor('exit', 0)).wait();
  expect(engine.stats().exitWatch).toBe('polling');
});

test('statuses and output are as with pidfds', async () => {
  const children = Array.from({ length: 100 }, (_, i) => record(actor('out', 1000, 'err', 10, 'exit', i)));
  const infos = await Promise.all(children.map((child) => child.wait()));
  expect(infos.map(({ code }) => code)).toEqual(children.map((_, i) => i));
  expect(children.map(({ stdout }) => stdout.matched)).toEqual(children.map(() => 1000));
});

test('reaped comes first and Exit last where a grandchild holds a stream', async () => {
  const gate = new Gate();
  const child = record(actor('fork', '{', 'await', gate.path, 'out', 10, '}', 'exit', 4));
  await child.until(() => child.log.includes('r'));
  gate.release();
  expect((await child.wait()).code).toBe(4);
  expect(child.log).toBe('SroXW');
});

test.each([true, false])('a child is killed (group: %s)', async (group) => {
  const child = record({ ...actor('pause'), group });
  await child.until(() => child.log === 'S');
  child.execution.kill('SIGTERM');
  expect(await child.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
  expect(child.execution.kill('SIGTERM')).toBe(false);
});

test('a timeout and the ladder', async () => {
  const child = record({ ...actor('pause'), timeoutMs: 20, killSignal: 'SIGCONT', killAfterMs: 10 });
  expect(await child.wait()).toMatchObject({ signal: 'SIGKILL', reason: 'timedOut' });
});

test('a child without any stream', async () => {
  expect((await record({ ...shell('exit 8'), stdout: 'ignore', stderr: 'ignore' }).wait()).code).toBe(8);
});

test('pidfds for some children only: no descriptor was left', async () => {
  faults.reset();
  faults.arm('pidfd_open', 'fail', EMFILE, 5, 10);
  const children = Array.from({ length: 30 }, (_, i) => record(actor('out', 500, 'exit', i)));
  const infos = await Promise.all(children.map((child) => child.wait()));
  expect(infos.map(({ code }) => code)).toEqual(children.map((_, i) => i));
});

test('a status that somebody else has taken is said to be lost', async () => {
  faults.arm('waitid', 'fail', ECHILD, 0, -1);
  const child = record(actor('out', 10, 'exit', 1));
  await expect(child.wait()).rejects.toMatchObject({ code: 'ERR_LASTBYTE_STATUS_LOST' });
  expect(child.log).toMatch(/^S[or]+XW$/);
  faults.reset();
  // It was ours after all, and is still to be collected; its output may end before it does.
  await ended(child.pid as number);
  expect(holdings().children).toEqual([`${child.pid} Z`]);
});
