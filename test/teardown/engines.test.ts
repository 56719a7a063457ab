import { Engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { holdings } from '../support/leaks.js';
import { record } from '../support/record.js';

test('engines of one thread do not disturb each other', async () => {
  const engines = Array.from({ length: 10 }, () => new Engine());
  const children = Array.from({ length: 200 }, (_, i) =>
    record(actor('out', 10_000 + i, 'exit', i), { engine: engines[i % engines.length] as Engine }),
  );
  const infos = await Promise.all(children.map((child) => child.wait()));
  expect(infos.map(({ code }) => code)).toEqual(children.map((_, i) => i));
  expect(children.map(({ stdout }) => stdout.matched)).toEqual(children.map((_, i) => 10_000 + i));
  await Promise.all(engines.map((engine) => engine.close()));
});

test('closing one engine leaves the executions of the others alone', async () => {
  const [closed, open] = [new Engine(), new Engine()];
  const victim = record(actor('forever'), { engine: closed, keep: false });
  const survivor = record({ ...actor('count'), stdin: 'pipe' }, { engine: open });
  await victim.until(() => victim.stdout.length > 0);
  await closed.close();
  expect(victim.execution.info?.reason).toBe('closed');
  survivor.execution.end();
  expect(await survivor.wait()).toMatchObject({ code: 0, reason: 'exited' });
  await open.close();
});

test('fifty engines, opened, used and closed one after another, leave nothing', async () => {
  const warm = new Engine();
  await record(actor('out', 10), { engine: warm }).wait();
  await warm.close();
  const before = holdings();
  for (let i = 0; i < 50; i++) {
    const engine = new Engine();
    await record(actor('out', 10), { engine }).wait();
    await engine.close();
  }
  expect(holdings()).toEqual(before);
});
