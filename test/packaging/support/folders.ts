import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runProgram } from './commands.js';

/** An empty folder that goes with the test. */
export function emptyFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'lastbyte-test-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A folder to use as the whole PATH: a link to each program of the real PATH that `wanted` says yes to. */
export function pathWith(wanted: (program: string) => boolean): string {
  const folder = emptyFolder();
  for (const source of (process.env.PATH ?? '').split(delimiter).filter((entry) => existsSync(entry))) {
    for (const program of readdirSync(source).filter(wanted)) {
      if (!existsSync(join(folder, program))) symlinkSync(join(source, program), join(folder, program));
    }
  }
  return folder;
}

/** A new project with the tarball installed by a plain `npm install`, on the given PATH. */
export function installedIn(tarball: string, path: string): { folder: string; packageFolder: string; output: string } {
  const folder = emptyFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "host", "version": "1.0.0" }');
  const { status, output } = runProgram('npm', ['install', '--prefer-offline', tarball], { cwd: folder, path });
  if (status !== 0) throw new Error(`npm install: ${status}\n${output}`);
  return { folder, packageFolder: join(folder, 'node_modules/lastbyte'), output };
}
