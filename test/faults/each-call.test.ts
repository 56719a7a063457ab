import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { faults } from '../support/faults.js';
import { inTime } from '../support/in-time.js';
import { holdings } from '../support/leaks.js';
import { Recording } from '../support/record.js';
import { expectHonest, play, scenarios } from './scenarios.js';

const { EMFILE, ENFILE, EAGAIN, ENOMEM, EINTR, EPIPE, EIO } = constants.errno;
const errors = { EMFILE, ENFILE, EAGAIN, ENOMEM, EINTR, EPIPE, EIO };
/** A call that is made more often is made to fail at so many of its first positions, and once for all of a few. */
const POSITIONS = 8;

const calls = Object.keys(faults.counts());

describe.each(Object.entries(scenarios))('%s', (_, scenario) => {
  test('without a fault: all of it', async () => {
    const child = (await play(scenario)) as Recording;
    expect(scenario.isPerfect(child)).toBe(true);
  });

  test.each(calls)(
    '%s fails: the truth or one typed error, nothing is left, and the next start works',
    async (call) => {
      await play(scenario);
      const before = holdings();
      faults.reset();
      await play(scenario);
      const count = Math.min(faults.counts()[call] ?? 0, POSITIONS);
      for (const [name, errno] of Object.entries(errors)) {
        for (let position = 0; position < count; position++) {
          // waitid(2) can't fail for our own child; that it does once is survived.
          for (const times of call === 'waitid' ? [1] : [1, 3]) {
            faults.reset();
            faults.arm(call, 'fail', errno, position, times);
            try {
              expectHonest(scenario, await inTime(play(scenario)));
              expect(holdings()).toEqual(before);
            } catch (error) {
              throw new Error(`${call} → ${name}, ${times} times from position ${position}`, { cause: error });
            }
          }
        }
      }
      faults.reset();
      expect(scenario.isPerfect((await play(scenario)) as Recording)).toBe(true);
    },
  );

  test.each(['pipe', 'open', 'read', 'write', 'fcntl', 'ioctl', 'stat', 'access', 'waitid', 'kill', 'pidfd_open'])(
    '%s is interrupted again and again: nobody notices',
    async (call) => {
      faults.arm(call, 'fail', EINTR, 0, 100);
      const child = await play(scenario);
      expect(child instanceof Recording && scenario.isPerfect(child)).toBe(true);
    },
  );
});
