import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface HostResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** One entry for each line that it printed. */
  lines: string[];
  stderr: string;
}

export interface HostOptions {
  args?: (string | number)[];
  /** Options of node itself, such as --expose-gc. */
  node?: string[];
  env?: Record<string, string | undefined>;
  /** What the shell does before it becomes the host, such as `ulimit -n 20`. */
  before?: string;
  /** A descriptor to be given to it, above 16: Node sets close-on-exec for the first ones only. */
  descriptor?: number;
}

const hosts = join(import.meta.dirname, '../fixtures/hosts');

/** Runs a program of test/fixtures/hosts in a Node of its own: for what ends a process, or changes all of it. */
export function runHost(
  name: string,
  { args = [], node = [], env = {}, before, descriptor = 2 }: HostOptions = {},
): Promise<HostResult> {
  const words = [process.execPath, ...node, join(hosts, `${name}.mjs`), ...args.map(String)];
  const command = before === undefined ? words : ['/bin/sh', '-c', `${before}; exec "$@"`, 'sh', ...words];
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: descriptor - 2 }, (_, i) => given(i + 3 === descriptor))],
    env: { ...process.env, ...sanitizer(), ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (data) => {
    output.stdout += data;
  });
  child.stderr?.on('data', (data) => {
    output.stderr += data;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code, signal, lines: output.stdout.split('\n').filter(Boolean), stderr: output.stderr });
    });
  });
}

const given = (really: boolean) => (really ? 'pipe' : 'ignore');

/** The addon with ASan in it needs its runtime in the host as well. */
export function sanitizer(): Record<string, string> {
  const preload = process.env.LASTBYTE_ASAN_PRELOAD;
  return preload === undefined ? {} : { LD_PRELOAD: preload };
}
