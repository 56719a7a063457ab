import { engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { type Recording, record } from '../support/record.js';

// The failure of a cancelled request was made up in JavaScript, a microtask later, while its Wait came through the
// native queue: inside another execution's callback the Wait overtook it, and had neither an error nor an outcome.
test('a request that is cancelled from the start, made in a callback: StartFailed comes before its Wait', async () => {
  let cancelled: Recording | undefined;
  let answer: Promise<unknown> | undefined;
  const outer = record(actor('exit', 0), {
    on: {
      onExit: () => {
        cancelled = record({ ...actor('pause'), cancelled: true });
        answer = cancelled.wait().catch((error) => error);
        while (engine.stats().queued === 0) {}
      },
    },
  });
  await outer.exit;
  expect(await answer).toMatchObject({ code: 'ECANCELED', stage: 'cancelled' });
  expect(cancelled?.log).toBe('FW');
});
