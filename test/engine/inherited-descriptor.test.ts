import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';

actor(); // compiled before a host needs it

test('descriptors that other code of the host has open without close-on-exec stay out of the child', async () => {
  const { code, lines } = await runHost('inherited-descriptor', { descriptor: 40 });
  expect(code).toBe(0);
  expect(lines.filter((line) => line.startsWith('fd'))).toEqual(['fd 0 blocking', 'fd 1 blocking', 'fd 2 blocking']);
});
