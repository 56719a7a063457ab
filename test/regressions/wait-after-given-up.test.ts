import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { child, othersRun, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { inTime } from '../support/in-time.js';

// The engine's waiter of a wait that was given up is used again by the next one. It was still used when the engine had
// answered it, so that a wait after the exit was never answered.
test('a wait was given up; one that comes after the exit is answered', async () => {
  const gate = new Gate();
  const source = child(actor('await', gate.path, 'exit', 4));
  const controller = new AbortController();
  const given = source.wait({ signal: controller.signal });
  controller.abort();
  expect(await rejection(given)).toMatchObject({ code: 'ABORT_ERR' });
  const exit = new Promise((resolve) => source.on('exit', resolve));
  gate.release();
  await exit;
  await othersRun();
  expect((await inTime(source.wait())).code).toBe(4);
});
