import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NoBinaryError } from '../errors.js';
import type { NativeAddon } from './contract.js';
import { findBinaries } from './find.js';

// From dist/chunks/, where the bundle has this file.
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
let addon: NativeAddon | undefined;

/** The addon. Throws a NoBinaryError where there is none for this platform. */
export function loadAddon(): NativeAddon {
  addon ??= load();
  return addon;
}

function load(): NativeAddon {
  const failures: unknown[] = [];
  for (const file of findBinaries(packageRoot)) {
    const module = { exports: {} };
    try {
      // What require() does for a .node file, without setting up require().
      process.dlopen(module, file);
      return module.exports as NativeAddon;
    } catch (failure) {
      failures.push(failure);
    }
  }
  throw noBinary(failures);
}

function noBinary(failures: unknown[]): NoBinaryError {
  const [cause] = failures;
  const what =
    cause instanceof Error ? `lastbyte's binary can't be loaded (${cause.message})` : 'lastbyte has no binary';
  const script = join(packageRoot, 'scripts', 'build-addon.mjs');
  return new NoBinaryError(
    `${what} for ${platformName()}. ` +
      `With a C++20 compiler and CMake (or Python 3 and make), this command builds it from source:\n\n    node "${script}"\n`,
    cause === undefined ? {} : { cause },
  );
}

/** Only for messages: the report behind it takes milliseconds. */
function platformName(): string {
  const platform = `${process.platform}-${process.arch}`;
  const node = `Node ${process.versions.node}`;
  if (process.platform !== 'linux') return `${platform}, ${node}`;
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const glibc = report.header?.glibcVersionRuntime;
  return `${platform} (${glibc ? `glibc ${glibc}` : 'musl'}), ${node}`;
}
