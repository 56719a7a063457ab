import fc from 'fast-check';
import { test } from 'vitest';
import { play } from './play.js';
import { schedule } from './schedule.js';

// What failed is printed with its seed and path. To play it again:
//   LASTBYTE_PROPERTY_SEED=<seed> LASTBYTE_PROPERTY_PATH=<path> node scripts/check.mjs faults
// To search longer: LASTBYTE_PROPERTY_RUNS=20000.
const {
  LASTBYTE_PROPERTY_RUNS: runs = '300',
  LASTBYTE_PROPERTY_SEED: seed,
  LASTBYTE_PROPERTY_PATH: path,
} = process.env;

test('whatever the child, the test and the system do: all output, then one Exit, then every Wait', {
  timeout: 60_000 + Number(runs) * 1000,
}, async () => {
  await fc.assert(fc.asyncProperty(schedule, play), {
    numRuns: Number(runs),
    endOnFailure: false,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  });
});
