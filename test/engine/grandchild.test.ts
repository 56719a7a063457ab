import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { Gate } from '../support/gate.js';
import { type Recording, record } from '../support/record.js';

/** The leader ends at once; a grandchild holds stdout, writes behind the gate, and ends. */
const leavesGrandchild = (gate: Gate, late: number) =>
  actor('fork', '{', 'await', gate.path, 'out', late, '}', 'exit', 5);
const isReaped = ({ log }: Recording) => log.includes('r');

test('while a grandchild holds stdout: reaped is seen, Exit is not; the late bytes come, then Exit', async () => {
  const gate = new Gate();
  const child = record(leavesGrandchild(gate, 100_000));
  const waited = child.wait();
  await child.until(() => isReaped(child));
  expect(child.reaped).toMatchObject({ pid: child.pid, code: 5, reason: 'exited' });

  // Whatever could have come too early has had its chance: another execution has come and gone meanwhile.
  await record({ file: '/bin/true' }).wait();
  expect(child.log).toBe('Sr');

  gate.release();
  expect(await waited).toMatchObject({ code: 5, outputComplete: true });
  expect(child.log).toMatch(/^Sro+XW$/);
  expect(child.stdout.matched).toBe(100_000);
});

test('a grandchild that holds only stderr delays Exit as well', async () => {
  const gate = new Gate();
  const child = record(actor('fork', '{', 'close', 1, 'await', gate.path, 'err', 10, '}'));
  await child.until(() => isReaped(child));
  await record({ file: '/bin/true' }).wait();
  expect(child.log).toBe('Sr');
  gate.release();
  await child.exit;
  expect(child.stderr.matched).toBe(10);
});

test('a grandchild that holds neither stream delays nothing', async () => {
  const gate = new Gate();
  const child = record(actor('fork', '{', 'close', 1, 'close', 2, 'await', gate.path, '}'));
  await child.wait();
  gate.release();
});

test('forty held executions delay no other', async () => {
  const gate = new Gate();
  const held = Array.from({ length: 40 }, () => record(leavesGrandchild(gate, 1000)));
  await Promise.all(held.map((child) => child.until(() => isReaped(child))));

  const others = Array.from({ length: 100 }, () => record(actor('out', 5000)));
  await Promise.all(others.map((child) => child.wait()));
  expect(others.map(({ stdout }) => stdout.matched)).toEqual(others.map(() => 5000));
  expect(held.map(({ log }) => log)).toEqual(held.map(() => 'Sr'));

  gate.release(held.length);
  await Promise.all(held.map((child) => child.wait()));
  expect(held.map(({ stdout }) => stdout.matched)).toEqual(held.map(() => 1000));
});

test('the status is the leader’s, whatever the grandchild does', async () => {
  const gate = new Gate();
  const child = record(actor('fork', '{', 'await', gate.path, 'raise', 9, '}', 'exit', 6));
  await child.until(() => isReaped(child));
  gate.release();
  expect(await child.wait()).toMatchObject({ code: 6, signal: null, reason: 'exited' });
});
