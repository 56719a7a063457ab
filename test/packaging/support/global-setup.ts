import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { repository } from './commands.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The package as it would be published for this platform. */
    tarball: string;
  }
}

/** Packs once for all packaging tests, with the prebuilt binary of this platform in it. */
export default function packOnce(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'lastbyte-pack-'));
  execFileSync(process.execPath, ['scripts/prebuild.mjs'], { cwd: repository, stdio: 'inherit' });
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: repository,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const packed = JSON.parse(output) as { filename: string }[] | Record<string, { filename: string }>;
  const [entry] = Object.values(packed);
  if (!entry) throw new Error(`npm pack printed ${output}`);
  project.provide('tarball', join(folder, entry.filename));
  return () => rmSync(folder, { recursive: true, force: true });
}
