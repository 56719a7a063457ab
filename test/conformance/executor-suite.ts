import { describe } from 'vitest';
import { attachSuite } from './attach.js';
import { closeSuite } from './close.js';
import { detachSuite } from './detach.js';
import { endingSuite } from './ending.js';
import { eventsSuite } from './events.js';
import { failuresSuite } from './failures.js';
import { limitsSuite } from './limits.js';
import { listSuite } from './list.js';
import { type Open, watched } from './open.js';
import { readSuite } from './read.js';
import { runSuite } from './run.js';
import { spawnSuite } from './spawn.js';
import { stdinSuite } from './stdin.js';
import { streamsSuite } from './streams.js';

const shared = [
  spawnSuite,
  runSuite,
  streamsSuite,
  endingSuite,
  failuresSuite,
  eventsSuite,
  readSuite,
  attachSuite,
  detachSuite,
  stdinSuite,
  listSuite,
];

/**
 * What code may rely on that has an `Executor` and doesn't know which one. `open` gives one with these options, and
 * closes it after the test that it was opened in.
 */
export function executorSuite(name: string, open: Open): void {
  sharedExecutorSuite(name, open);
  describe(name, () => {
    for (const suite of [limitsSuite, closeSuite]) suite(watched(open));
  });
}

/** The part of it for an executor that others use as well: it has no options, and is never closed. */
export function sharedExecutorSuite(name: string, open: Open): void {
  describe(name, () => {
    for (const suite of shared) suite(watched(open));
  });
}
