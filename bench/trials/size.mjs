import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../lib/paths.mjs';

function findAddon() {
  // As the loader: a build of one's own comes before the prebuilt one.
  const folders = [join(root, 'build', 'Release'), join(root, 'prebuilds', `${process.platform}-${process.arch}`)];
  const files = folders.filter(existsSync).flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return files.find((file) => file.endsWith('.node'));
}

function strippedSize(addon) {
  const folder = mkdtempSync(join(tmpdir(), 'lastbyte-bench-'));
  try {
    const copy = join(folder, 'addon.node');
    execFileSync('strip', ['-o', copy, addon]);
    return statSync(copy).size;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export default {
  id: 'size',
  title: 'The addon',
  note: 'The compiled addon after `strip`.',
  rounds: 1,
  metrics: [{ key: 'kilobytes', title: 'Stripped size, KB' }],
  variants: () => [{ id: 'size', title: '', spec: {} }],
  async probe(driver) {
    if (driver.name !== 'lastbyte-engine') return null;
    const addon = findAddon();
    return addon === undefined ? null : { kilobytes: strippedSize(addon) / 1000 };
  },
};
