import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { record } from '../support/record.js';

const GIBIBYTE = 2 ** 30;

test('4 GiB from one child, each byte compared', async () => {
  const child = record(actor('out', 4 * GIBIBYTE), { keep: false });
  await child.wait();
  expect(child.stdout.length).toBe(4 * GIBIBYTE);
  expect(child.stdout.matched).toBe(4 * GIBIBYTE);
});
