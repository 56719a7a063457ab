// The set-up, step by step. Each repeats nothing that is still good.
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cmakeCommands } from '../addon/builders.mjs';
import { nodeApiInclude, nodeDirectory } from '../addon/headers.mjs';
import { binary, cache, inRoot, root, variantFolder } from './paths.mjs';
import { mustRun } from './run.mjs';
import { stamped } from './stamps.mjs';
import { ensureSystemPackages } from './system-packages.mjs';

const nativeInputs = ['native/core', 'native/binding', 'native/sources.json', 'native/cmake', 'native/exports.map'];
const buildFiles = ['CMakeLists.txt', 'scripts/addon', 'scripts/build-addon.mjs'];

export const dependencies = () =>
  stamped({
    name: 'dependencies',
    inputs: ['package-lock.json', '.npmrc'],
    outputs: ['node_modules/.package-lock.json'],
    // Not `npm ci`: it refuses a lock file that lacks some other platform's optional packages, and a registry mirror
    // that doesn't carry them can't write them there. --no-save leaves the lock file as it is.
    make: () => mustRun(['npm', 'install', '--no-save'], { log: 'npm-install' }),
  });

export const addon = () =>
  stamped({
    name: 'addon',
    inputs: [...nativeInputs, ...buildFiles],
    outputs: ['build/Release/lastbyte.node'],
    make: () => mustRun([process.execPath, 'scripts/build-addon.mjs'], { log: 'addon' }),
  });

export const compiled = () =>
  stamped({
    name: 'dist',
    inputs: ['lib', 'tsconfig.json', 'rolldown.config.mjs', 'package.json', 'package-lock.json'],
    outputs: ['dist/index.js'],
    make: async () => {
      for (const folder of ['js', 'dist']) rmSync(join(cache, folder), { recursive: true, force: true });
      await mustRun([binary('tsc'), '-p', 'tsconfig.json'], { log: 'tsc' });
      await mustRun([binary('rolldown'), '--config', 'rolldown.config.mjs'], { log: 'rolldown' });
      // Only now: a compile that fails leaves the old one in place.
      rmSync(inRoot('dist'), { recursive: true, force: true });
      renameSync(join(cache, 'dist'), inRoot('dist'));
    },
  });

/** The builds that only checks use. All have the fault hooks; asan's and faults' addons serve the JavaScript tests. */
export const variants = {
  faults: { options: { LASTBYTE_ADDON: 'ON' } },
  asan: { options: { LASTBYTE_ADDON: 'ON', LASTBYTE_SANITIZE: 'address,undefined' } },
  tsan: { options: { LASTBYTE_ADDON: 'OFF', LASTBYTE_SANITIZE: 'thread' } },
};

export async function variant(name) {
  await ensureSystemPackages();
  const folder = variantFolder(name);
  const options = {
    LASTBYTE_TESTS: 'ON',
    LASTBYTE_FAULT_HOOKS: 'ON',
    LASTBYTE_WERROR: 'ON',
    LASTBYTE_NODE_INCLUDE: nodeApiInclude() ?? inRoot('node_modules/node-api-headers/include'),
    ...variants[name].options,
  };
  const hasAddon = options.LASTBYTE_ADDON === 'ON';
  await stamped({
    name: `native-${name}`,
    inputs: [...nativeInputs, ...buildFiles, 'native/test'],
    facts: [options],
    outputs: hasAddon ? [join(relative(root, folder), 'build/Release/lastbyte.node')] : [],
    make: async () => {
      const commands = cmakeCommands({ source: root, binary: folder, output: join(folder, 'build/Release'), options });
      for (const [index, command] of commands.entries()) await mustRun(command, { log: `native-${name}-${index}` });
    },
  });
  return folder;
}

/** A copy of what is needed to build from source: node-gyp wipes build/ where it works. */
function stageSources(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const path of ['package.json', 'binding.gyp', ...nativeInputs, ...buildFiles]) {
    cpSync(inRoot(path), join(folder, path), { recursive: true });
  }
  return folder;
}

export const prebuilt = () =>
  stamped({
    name: 'prebuild',
    inputs: [...nativeInputs, 'binding.gyp', 'package-lock.json'],
    outputs: [`prebuilds/${process.platform}-${process.arch}`],
    make: () => {
      rmSync(inRoot('prebuilds'), { recursive: true, force: true });
      const nodedir = nodeDirectory();
      return mustRun([binary('prebuildify'), '--napi', '--strip', '--tag-libc', '--name=lastbyte', `--out=${root}`], {
        log: 'prebuild',
        cwd: stageSources(join(cache, 'prebuild')),
        env: {
          PREBUILD_NODE_GYP: binary('node-gyp'),
          JOBS: '2',
          ...(nodedir ? { npm_config_nodedir: nodedir } : {}),
        },
      });
    },
  });

/** What a run of the package needs. */
export async function setup() {
  await dependencies();
  await addon();
  await compiled();
}
