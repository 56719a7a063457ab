import { describe, expect, test } from 'vitest';
import { opened } from '../support/executors.js';
import { seed } from '../support/random.js';
import { attachAtRandom } from '../support/random-attach.js';

const size = { stdout: 3_000_000, stderr: 500_000 };
const none = { stdout: 0, stderr: 0 };

describe(`attach at random moments, from random events on (LASTBYTE_SEED=${seed})`, () => {
  test('with a log that holds everything: every byte behind the event, each event once', async () => {
    const { info, all } = await attachAtRandom(opened(), { size, count: 40, retainBytes: 10_000_000, seed });
    expect(all).toHaveLength(40);
    for (const each of all) expect(each).toMatchObject({ wrong: undefined, lag: none, position: size, info });
  });

  test('with a log that is too small: what came and what is missing are all there was', async () => {
    const { info, all } = await attachAtRandom(opened(), { size, count: 40, retainBytes: 20_000, seed });
    for (const each of all) expect(each).toMatchObject({ wrong: undefined, position: size, info });
    expect(info.dropped).toEqual(none);
  });
});
