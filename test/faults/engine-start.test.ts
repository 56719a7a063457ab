import { constants } from 'node:os';
import { Engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { faults } from '../support/faults.js';
import { holdings } from '../support/leaks.js';
import { record } from '../support/record.js';

// No engine is open between these tests, so each brings the threads up.
const { EAGAIN } = constants.errno;

test.each(['thread_create', 'poller_open'])(
  'an engine that can’t come up (%s) says so, and does when it can',
  async (call) => {
    const before = holdings();
    const count = call === 'thread_create' ? 4 : 2;
    for (let position = 0; position < count; position++) {
      faults.reset();
      faults.arm(call, 'fail', EAGAIN, position, 1);
      const engine = new Engine();
      expect(() => engine.execute(actor('exit', 0))).toThrow(
        expect.objectContaining({ name: 'LastbyteError', code: 'EAGAIN' }),
      );
      expect(holdings()).toEqual(before);
      expect((await record(actor('exit', 3), { engine }).wait()).code).toBe(3);
      await engine.close();
    }
    expect(holdings()).toEqual(before);
  },
);
