import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));

export interface Outcome {
  status: number | null;
  /** stdout and stderr, without npm's word on this machine's own settings. */
  output: string;
  stdout: string;
}

/** `npm test` tells the programs below it this repository's npm settings: a user's machine has none of them. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^LASTBYTE_/i.test(name)));

/** Runs a program to its end, on a given PATH where one is given. */
export function runProgram(
  program: string,
  args: string[],
  options: { cwd: string; path?: string; env?: Record<string, string> },
): Outcome {
  const { path = process.env.PATH ?? '', env = {} } = options;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: options.cwd,
    encoding: 'utf8',
    env: { ...environment, PATH: path, NO_COLOR: '1', ...env },
    maxBuffer: 64 << 20,
  });
  const output = `${stdout}${stderr}${error?.message ?? ''}`.replaceAll(/^npm warn Unknown user config .*\n/gm, '');
  return { status, output, stdout };
}

/** Runs JavaScript in a new Node, in a folder of its own. */
export const runNode = (source: string, cwd: string, kind: 'module' | 'commonjs' = 'module'): Outcome =>
  runProgram(process.execPath, [`--input-type=${kind}`, '--eval', source], { cwd });
