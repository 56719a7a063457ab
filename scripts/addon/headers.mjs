// Finds Node's C headers without a download. As a program: prints the folder of node_api.h, or nothing.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder to give node-gyp as --nodedir: where include/node/node_api.h is, or undefined. */
export function nodeDirectory() {
  const candidates = [process.env.npm_config_nodedir, resolve(dirname(process.execPath), '..')];
  return candidates.find((folder) => folder && existsSync(join(folder, 'include/node/node_api.h')));
}

/** The folder of node_api.h, or undefined. */
export function nodeApiInclude() {
  const folder = nodeDirectory();
  return folder && join(folder, 'include/node');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(nodeApiInclude() ?? '');
