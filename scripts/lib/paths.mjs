// Where things are. Everything that is not committed and not a product of the package is below .cache/.
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
export const inRoot = (...parts) => join(root, ...parts);
export const cache = inRoot('.cache');
export const logs = join(cache, 'logs');
export const reports = join(cache, 'reports');
/** A CMake build that is not the product: its addon is found through LASTBYTE_PREBUILD=<this folder>. */
export const variantFolder = (name) => join(cache, 'native', name);
export const binary = (name) => inRoot('node_modules/.bin', name);
