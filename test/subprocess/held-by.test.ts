import { expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { child } from '../support/child.js';
import { Gate } from '../support/gate.js';

const reaped = (started: ReturnType<typeof child>) =>
  new Promise<void>((resolve) => started.on('reaped', () => resolve()));

test('who keeps the end from coming is told, with what it holds', async () => {
  const gate = new Gate();
  const started = child(shell(`sh -c 'read x < ${gate.path}' holder 2>/dev/null & echo $!; exit 3`));
  const pid = await new Promise<number>((resolve) => started.once('stdout', (chunk) => resolve(Number(chunk))));
  await reaped(started);
  expect(await started.heldBy()).toEqual([{ pid, command: `sh -c read x < ${gate.path} holder`, streams: ['stdout'] }]);
  gate.release();
  expect((await started.wait()).code).toBe(3);
  expect(await started.heldBy()).toEqual([]);
});

test('each of several, with both streams', async () => {
  const gate = new Gate();
  const hold = ['fork', '{', 'await', gate.path, '}'];
  const started = child(actor(...hold, ...hold, 'exit', 0));
  await reaped(started);
  const holders = await started.heldBy();
  expect(holders.map(({ streams }) => streams)).toEqual([
    ['stdout', 'stderr'],
    ['stdout', 'stderr'],
  ]);
  expect(new Set(holders.map(({ pid }) => pid)).size).toBe(2);
  gate.release(2);
  await started.wait();
});

test('a child that runs is a holder itself; one without pipes has none', async () => {
  const gate = new Gate();
  const running = child(actor('await', gate.path), { stderr: 'ignore' });
  const pid = await running.started;
  expect(await running.heldBy()).toMatchObject([{ pid, streams: ['stdout'] }]);
  const without = child(actor('await', gate.path), { stdout: 'ignore', stderr: 'ignore' });
  await without.started;
  expect(await without.heldBy()).toEqual([]);
  gate.release(2);
  await Promise.all([running.wait(), without.wait()]);
});
