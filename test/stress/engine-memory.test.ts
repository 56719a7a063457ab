import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';

actor(); // compiled before a host needs it
const MEBIBYTE = 2 ** 20;

test('thousands of executions leave nothing: no memory, descriptor, thread or zombie', async () => {
  const { code, lines } = await runHost('many-executions', { args: [1000], node: ['--expose-gc'] });
  expect(code).toBe(0);
  const { early, late } = JSON.parse(lines[0] as string);
  expect(late.held).toEqual(early.held);
  expect(late).toMatchObject({ live: 0, queued: 0 });
  expect(late.heapUsed - early.heapUsed).toBeLessThan(2 * MEBIBYTE);
  expect(late.rss - early.rss).toBeLessThan(16 * MEBIBYTE);
});
