import { mkdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { mustRun } from '../../scripts/lib/run.mjs';
import { stamped } from '../../scripts/lib/stamps.mjs';
import { bench, helpers, root } from './paths.mjs';

/** The peers, from the lock file. Their binaries are files of their packages: no install script is needed. */
const peers = () =>
  stamped({
    name: 'bench-peers',
    inputs: ['bench/package-lock.json', 'bench/.npmrc'],
    outputs: ['bench/node_modules/.package-lock.json'],
    make: () => mustRun(['npm', 'ci', '--ignore-scripts'], { log: 'bench-npm-ci', cwd: bench }),
  });

const compiled = () =>
  stamped({
    name: 'bench-helpers',
    inputs: ['bench/bound'],
    outputs: Object.values(helpers).map((file) => relative(root, file)),
    make: async () => {
      for (const [name, output] of Object.entries(helpers)) {
        mkdirSync(dirname(output), { recursive: true });
        const source = join(bench, 'bound', `${name}.c`);
        await mustRun(['cc', '-O2', '-std=gnu11', '-Wall', '-pthread', '-o', output, source], { log: `bench-${name}` });
      }
    },
  });

/** A second run repeats nothing. The package itself is built by the repo's own set-up, before this. */
export async function setup() {
  await peers();
  await compiled();
}
