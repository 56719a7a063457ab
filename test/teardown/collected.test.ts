import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';

actor(); // compiled before a host needs it

test('handles that nobody holds may be collected: everything is delivered, and all memory comes back', async () => {
  const { code, lines } = await runHost('collected-handles', { node: ['--expose-gc'] });
  expect(code).toBe(0);
  const { exits, bytes, expected, slabBytes, alive } = JSON.parse(lines[0] as string);
  expect({ exits, bytes }).toEqual({ exits: 50, bytes: expected });
  // Some slabs are kept for the next stream; no execution is kept for anybody.
  expect(slabBytes).toBeLessThanOrEqual(8 << 20);
  expect(alive).toBeLessThanOrEqual(1);
});
