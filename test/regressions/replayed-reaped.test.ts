import { expect, test } from 'vitest';
import { followEvents } from '../../lib/log/events.js';
import { exitInfo, FakeExecution } from '../support/event-log.js';

// The system's figures of a child that leads a group are asked for twice: when it has ended, and when it is collected. They
// may differ by some microseconds, and the log then told late readers another Reaped than those who had been there.
test.each(['userMs', 'systemMs', 'maxRssBytes'] as const)('Reaped is replayed as it was told (%s)', async (figure) => {
  const execution = new FakeExecution();
  const events = () => followEvents(execution.log, 0, false, new Set());
  const facts = (value: number) => ({
    ...exitInfo,
    dropped: { stdout: 0, stderr: 0 },
    usage: { ...exitInfo.usage, [figure]: value },
  });
  execution.log.reaped(facts(823));
  const told = await events().next();
  execution.log.exit(facts(860));
  expect(await events().next()).toEqual(told);
  expect(told.value).toEqual({ type: 'reaped', seq: 1, info: facts(823) });
});
