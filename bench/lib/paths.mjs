import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
export const bench = join(root, 'bench');
export const docs = join(root, 'docs');

const built = join(root, '.cache', 'bench');

/** What setup.mjs compiles from bound/, by name. */
export const helpers = {
  bound: join(built, 'bound'),
  writer: join(built, 'writer'),
  pause: join(built, 'pause'),
};
