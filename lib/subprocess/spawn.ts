import { unknownOption } from './check-options.js';
import type { Host } from './executing.js';
import { readSpawnOption, SPAWN_OPTIONS, type SpawnOptions } from './options.js';
import { newPlan, splitArguments } from './plan.js';
import { start } from './start.js';
import { Subprocess } from './subprocess.js';

/**
 * Starts a program and returns at once. What the system says about it comes to `started` and `wait()`. Throws
 * InvalidArgumentError for what can never work (before anything is started), IdInUseError, ClosedError after the executor
 * has been closed, NoBinaryError where there is no addon for this platform. posix_spawn(3)
 */
export interface Spawn {
  (file: string, args?: readonly string[], options?: SpawnOptions): Subprocess;
  (file: string, options?: SpawnOptions): Subprocess;
}

export function spawnIn(
  host: Host,
  file: string,
  second?: readonly string[] | SpawnOptions,
  third?: SpawnOptions,
): Subprocess {
  const { args, options } = splitArguments(second, third);
  const plan = newPlan(file, args);
  for (const name in options) {
    const value = options[name as keyof SpawnOptions];
    if (!readSpawnOption(plan, name, value)) throw unknownOption(name, value, SPAWN_OPTIONS);
  }
  return new Subprocess(start(host, plan, true), 'spawn');
}
