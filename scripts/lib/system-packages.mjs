// What the C++ tests need and npm can't bring: cmake and doctest.
import { existsSync } from 'node:fs';
import { onPath } from '../addon/builders.mjs';
import { mustRun } from './run.mjs';

const wanted = [
  { debian: 'cmake', present: () => onPath('cmake') },
  {
    debian: 'doctest-dev',
    present: () =>
      ['/usr', '/usr/local', '/opt/homebrew'].some((prefix) => existsSync(`${prefix}/include/doctest/doctest.h`)),
  },
];

/** Installs what is missing where it can (Debian, as root); says plainly what to install where it can't. */
export async function ensureSystemPackages() {
  const missing = wanted.filter(({ present }) => !present()).map(({ debian }) => debian);
  if (missing.length === 0) return;
  if (!onPath('apt-get') || process.getuid?.() !== 0) {
    throw new Error(
      `The C++ tests need ${missing.join(' and ')}. On Debian or Ubuntu: sudo apt-get install ${missing.join(' ')}`,
    );
  }
  console.log(`▸ apt-get install ${missing.join(' ')} …`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await mustRun(['apt-get', 'update'], { log: 'apt-update', env });
  await mustRun(['apt-get', 'install', '-y', '--no-install-recommends', ...missing], { log: 'apt-install', env });
}
