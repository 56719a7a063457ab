import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { NativeAddon, NativeFaults } from '../../lib/native/contract.js';

/** The controls of the addon that lastbyte has loaded; only `npm run test:faults`' and ASan's have any. */
function load(): NativeFaults {
  const module = { exports: {} as NativeAddon };
  process.dlopen(module, join(process.env.LASTBYTE_PREBUILD ?? '', 'build/Release/lastbyte.node'));
  if (module.exports.faults === undefined) throw new Error('These tests need an addon with fault hooks');
  return module.exports.faults;
}

export const faults = load();

/** Resolves when a call has been made so many times since the last reset. */
export async function called(name: string, times: number): Promise<void> {
  while ((faults.counts()[name] ?? 0) < times) await new Promise(setImmediate);
}

// Counts begin with the test.
beforeEach(() => faults.reset());
afterEach(() => faults.reset());
