import { Engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { record } from '../support/record.js';

test('what is copied is not held by the engine any more', async () => {
  const copying = new Engine({ copyOutput: true });
  const child = record(actor('out', 20_000_000), { engine: copying });
  await child.wait();
  expect(child.stdout.matched).toBe(20_000_000);
  // Spare slabs alone, while all 20 MB are in JavaScript's hands.
  expect(copying.stats().slabBytes).toBeLessThan(10_000_000);
  await copying.close();
});
