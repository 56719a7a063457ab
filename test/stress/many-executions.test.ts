import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';

actor(); // compiled before a host needs it
const MEBIBYTE = 2 ** 20;
const count = Number(process.env.LASTBYTE_EXECUTIONS ?? 20_000);

interface Checkpoint {
  [figure: string]: number | Record<string, number>;
  states: Record<string, number>;
  heapUsed: number;
  rss: number;
}

/** Of so many: each eighth is a start that fails, each eighth is cancelled before. */
const failuresOf = (total: number) => Math.floor((total + 3) / 8) + Math.floor((total + 1) / 8);
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

// LASTBYTE_EXECUTIONS=100000 for more.
test(`${count} executions through one executor, 64 at a time: its figures are right, memory stays`, async () => {
  // A young generation that stays small: V8 lets it grow when it likes, which says nothing about us.
  const node = ['--expose-gc', '--max-semi-space-size=2'];
  const { code, lines, stderr } = await runHost('executions', { args: [count], node });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { checkpoints, most, held } = JSON.parse(lines[0] as string);
  for (const [i, checkpoint] of (checkpoints as Checkpoint[]).entries()) {
    const started = Math.round((count * (i + 1)) / checkpoints.length);
    const failed = failuresOf(started);
    // And the one that is kept for long.
    const total = started + 1;
    const { retained, states } = checkpoint;
    expect(checkpoint).toMatchObject({ queued: 0, live: 0, total, failed, exited: total - failed, tombstones: 100 });
    expect(retained).toBeLessThanOrEqual(200);
    expect(sum(Object.values(states))).toBe(retained);
    expect(Object.keys(states).filter((state) => state !== 'exited' && state !== 'failed')).toEqual([]);
  }
  expect(most.live).toBeLessThanOrEqual(64);
  expect(most.retained).toBeLessThanOrEqual(200);
  expect(most.tombstones).toBe(100);
  expect(held.children).toBe(0);
  const early = checkpoints[2] as Checkpoint;
  const late = checkpoints.at(-1) as Checkpoint;
  expect(late.heapUsed - early.heapUsed).toBeLessThan(2 * MEBIBYTE);
  expect(late.rss - early.rss).toBeLessThan(16 * MEBIBYTE);
});
