// A step runs only when what it is made from has changed since it last succeeded: the stamp is a hash of contents.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cache, inRoot, root } from './paths.mjs';

/** All files below a file or folder, sorted. What is missing is no file. */
export function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function hashOf(inputs, facts) {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  for (const file of inputs.flatMap((input) => filesBelow(inRoot(input)))) {
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/**
 * @param {{ name: string, inputs: string[], facts?: unknown[], outputs: string[], make: () => Promise<void> }} step
 *   inputs: files and folders in the repo; facts: anything else that the result depends on; outputs: must exist.
 * @returns {Promise<boolean>} whether it had to run
 */
export async function stamped({ name, inputs, facts = [], outputs, make }) {
  const stamp = join(cache, 'stamps', name);
  const hash = hashOf(inputs, [process.version, process.arch, process.platform, ...facts]);
  const fresh = existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
  if (fresh && outputs.every((output) => existsSync(inRoot(output)))) return false;
  const start = performance.now();
  console.log(`▸ ${name} …`);
  await make();
  mkdirSync(join(cache, 'stamps'), { recursive: true });
  writeFileSync(stamp, hash);
  console.log(`  ${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return true;
}
