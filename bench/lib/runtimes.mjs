import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bench } from './paths.mjs';

const { arch, platform } = process;
const inPackage = (...parts) => join(bench, 'node_modules', ...parts);
const bunArch = arch === 'arm64' ? 'aarch64' : arch;

/** How each runtime is started. A binary is a file of its platform's package: the wrapper packages download or link. */
const commands = {
  node: [process.execPath],
  'node-newest': [inPackage(`node-${platform}-${arch}`, 'bin', 'node')],
  bun: [inPackage('@oven', `bun-${platform}-${bunArch}`, 'bin', 'bun')],
  deno: [inPackage('@deno', `${platform}-${arch}-glibc`, 'deno'), 'run', '--allow-all', '--no-lock'],
  native: [],
};

/** @returns {string[] | undefined} undefined where there is no binary for this machine */
export function runtimeCommand(runtime) {
  const command = commands[runtime];
  return command.length === 0 || existsSync(command[0]) ? command : undefined;
}

/** Their own words, for the report. */
export function runtimeVersion(runtime) {
  const command = runtimeCommand(runtime);
  if (command === undefined) return undefined;
  const { stdout } = spawnSync(command[0], ['--version'], { encoding: 'utf8' });
  return stdout
    .split('\n')[0]
    .replace(/^(deno )?v?/, '')
    .replace(/ .*/, '');
}
