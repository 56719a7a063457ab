// Builds build/Release/lastbyte.node from source, in a clone or in an installed package.
// Takes the first tool that this machine has; --with=cmake|cmake-js|node-gyp names one.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { builders } from './addon/builders.mjs';

const root = resolve(import.meta.dirname, '..');
const wanted = process.argv.find((argument) => argument.startsWith('--with='))?.slice('--with='.length);
const name = wanted ?? Object.keys(builders).find((key) => builders[key].available());
const builder = builders[name];

if (!builder) {
  const choices = Object.entries(builders).map(([key, { needs }]) => `  ${key}: ${needs}`);
  console.error(
    `${wanted ? `no builder '${wanted}'` : 'found no build tool'}. Needed are a C++20 compiler and one of\n${choices.join('\n')}`,
  );
  process.exit(1);
}

for (const [program, ...args] of builder.commands(root)) {
  console.log(`${name}: ${program} ${args.join(' ')}`);
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(
      `lastbyte: ${program} failed${error ? `: ${error.message}` : ` with ${status}`}. This build needs ${builder.needs}.`,
    );
    process.exit(1);
  }
}
