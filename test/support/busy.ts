import type { SpawnOptions, Subprocess } from 'lastbyte';
import { expect } from 'vitest';
import { start } from '../conformance/open.js';
import { actor } from './actor.js';
import { opened } from './executors.js';
import { Gate } from './gate.js';

/** An executor for one at a time, in which one runs until it is let go: what comes then is queued. */
export async function busy() {
  const executor = opened({ maxLive: 1 });
  const gate = new Gate();
  const first = start(executor, actor('await', gate.path));
  await first.started;
  /** Starts one that has to wait for that. */
  const queued = (command: ReturnType<typeof actor>, options: SpawnOptions = {}): Subprocess => {
    const source = start(executor, command, options);
    expect(executor.stats().queued).toBeGreaterThan(0);
    return source;
  };
  /** Resolves when the first one has ended. */
  const release = async () => {
    gate.release();
    expect((await first.wait()).code).toBe(0);
  };
  return { executor, first, queued, release };
}
