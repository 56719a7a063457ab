import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';
import { scratchPath } from '../support/scratch.js';

actor(); // compiled before a host needs it
const root = join(import.meta.dirname, '../..');

/** The package as it would stand in another place of the same node_modules. */
function copy(): string {
  const folder = scratchPath('copy');
  mkdirSync(folder);
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  const binary = 'build/Release/lastbyte.node';
  cpSync(join(process.env.LASTBYTE_PREBUILD ?? root, binary), join(folder, binary));
  return folder;
}

test('two copies of the package in one process work side by side, each with its own addon and threads', async () => {
  const { code, lines, stderr } = await runHost('two-copies', {
    args: [copy(), copy()],
    env: { LASTBYTE_PREBUILD: undefined },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { both, threads, gone, one } = JSON.parse(lines[0] as string);
  expect(both).toBe(100);
  expect(gone).toBe(threads[0]);
  expect(one).toBe(100);
});
