import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const fixtures = join(import.meta.dirname, '../fixtures');
const folder = join(import.meta.dirname, '../../.cache/fixtures');

/** Compiles a fixture in C where it hasn't been since it was changed. Gives the path of the result. */
function compiled(name: string, flags: string[]): string {
  const source = join(fixtures, `${name}.c`);
  const target = join(folder, name);
  const changed = Math.max(...[source, import.meta.filename].map((file) => statSync(file).mtimeMs));
  if (existsSync(target) && statSync(target).mtimeMs > changed) return target;
  mkdirSync(folder, { recursive: true });
  // Another test file may be doing the same.
  const fresh = `${target}.${process.pid}`;
  execFileSync(process.env.CC ?? 'cc', ['-O2', '-Wall', '-Wextra', '-Werror', ...flags, '-o', fresh, source]);
  renameSync(fresh, target);
  return target;
}

export const compiledProgram = (name: string) => compiled(name, []);

/** For process.dlopen: Node closes again what turns out to be no addon, but the library has to stay. */
export const compiledLibrary = (name: string) => compiled(name, ['-shared', '-fPIC', '-pthread', '-Wl,-z,nodelete']);
