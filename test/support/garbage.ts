import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

/** Those that something still refers to, after their memory could have been freed. */
export async function alive<T extends object>(references: WeakRef<T>[]): Promise<T[]> {
  // What was looked at in this turn stays until its end.
  for (let i = 0; i < 3; i++) {
    await turn();
    gc();
  }
  return references.flatMap((reference) => reference.deref() ?? []);
}
