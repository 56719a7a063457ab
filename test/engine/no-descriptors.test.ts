import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';

actor(); // compiled before a host needs it

test('a host that has no descriptors left: typed failures, nothing left open, and it works again with room', async () => {
  const { code, signal, lines, stderr } = await runHost('no-descriptors', { before: 'ulimit -n 60' });
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  const [engines, ...outcomes] = lines.map((line) => JSON.parse(line));
  const worked = { bytes: 100_000, exit: 3, complete: true, log: 'S' };

  expect(engines.without[0]).toEqual({ name: 'LastbyteError', code: 'EMFILE' });
  expect(engines.afterwards).toEqual(worked);

  expect(outcomes.pop()).toEqual(worked);
  expect(outcomes.map(({ left, live }) => ({ left, live }))).toEqual(outcomes.map(() => ({ left: [], live: 0 })));
  const failed = outcomes.filter(({ name }) => name !== undefined);
  // Three pipes take six; five of them are too few.
  expect(failed.length).toBeGreaterThanOrEqual(6);
  for (const failure of failed)
    expect(failure).toMatchObject({ name: 'SpawnError', code: 'EMFILE', stage: 'resources', log: '' });
  for (const outcome of outcomes.slice(failed.length)) expect(outcome).toMatchObject(worked);
});
