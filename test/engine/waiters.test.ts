import { type ExitInfo, engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { Gate } from '../support/gate.js';
import { type Recording, record } from '../support/record.js';

/** All of them are answered, with the same facts, and after Exit. */
async function expectEqual(child: Recording, waits: Promise<ExitInfo>[]) {
  const exit = await child.exit;
  const infos = await Promise.all(waits);
  expect(infos.length).toBeGreaterThan(0);
  for (const info of infos) expect(info).toEqual(exit);
  expect(child.log.replaceAll(/[oe]/g, '')).toBe(`SrX${'W'.repeat(infos.length)}`);
}

test('a waiter registered before the start has happened', async () => {
  const child = record(actor('out', 10));
  await expectEqual(child, [child.wait()]);
});

test('a waiter registered between Reaped and Exit', async () => {
  const gate = new Gate();
  const child = record(actor('fork', '{', 'await', gate.path, '}', 'exit', 2));
  await child.until(() => child.log.includes('r'));
  const wait = child.wait();
  gate.release();
  await expectEqual(child, [wait]);
});

test('a waiter registered when Exit is queued, and not delivered', async () => {
  const child = record({ file: '/bin/true' });
  // The native engine has settled it; this turn of the event loop hasn't taken the events out yet.
  while (engine.stats().live > 0) {}
  expect(child.log).toBe('');
  await expectEqual(child, [child.wait(), child.wait()]);
});

test('a waiter registered after Exit has been delivered', async () => {
  const child = record({ file: '/bin/true' });
  await child.exit;
  await expectEqual(child, [child.wait()]);
});

test('a waiter registered long after settling, when others have come and gone', async () => {
  const child = record(actor('exit', 9));
  await child.wait();
  for (let i = 0; i < 50; i++) await record({ file: '/bin/true' }).wait();
  expect((await child.wait()).code).toBe(9);
});

test('waiters registered inside callbacks of every kind', async () => {
  const waits: Promise<ExitInfo>[] = [];
  const register = () => {
    waits.push(child.wait());
  };
  const child = record(actor('out', 10, 'err', 10, 'exit', 1), {
    on: {
      onStarted: register,
      onStdout: register,
      onStderr: register,
      onStreamEnd: register,
      onReaped: register,
      onExit: register,
    },
  });
  await child.exit;
  // In the callback of a wait, too.
  await new Promise<void>((resolve) => {
    child.execution.wait(() => {
      register();
      resolve();
    });
  });
  expect(waits.length).toBe(8);
  await expectEqual(child, waits);
});

test('a thousand waiters at once', async () => {
  const child = record(actor('exit', 7));
  await expectEqual(
    child,
    Array.from({ length: 1000 }, () => child.wait()),
  );
});

test('waiters are answered in the order in which they were registered', async () => {
  const child = record({ file: '/bin/true' });
  const order: number[] = [];
  await Promise.all(Array.from({ length: 20 }, (_, i) => child.wait().then(() => order.push(i))));
  expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test('a waiter does not get in the way of kill', async () => {
  const child = record(actor('pause'));
  const wait = child.wait();
  await child.until(() => child.log === 'S');
  expect(child.execution.kill('SIGTERM')).toBe(true);
  expect(await wait).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
});

test('the waiters of a failed start get its error, early and late alike', async () => {
  const child = record({ file: '/nonexistent' });
  const early = child.wait();
  await expect(child.exit).rejects.toMatchObject({ code: 'ENOENT' });
  const errors = await Promise.all([early, child.wait()].map((wait) => wait.catch((error) => error)));
  expect(errors[0].code).toBe('ENOENT');
  expect(errors[1]).toBe(errors[0]);
  expect(child.log).toBe('FWW');
});
