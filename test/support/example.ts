import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { sanitizer } from './host.js';

const examples = join(import.meta.dirname, '../../examples');

function start(name: string, args: string[]): ChildProcess {
  return spawn(process.execPath, [join(examples, name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...sanitizer() },
  });
}

/** Runs an example to its end. @returns the lines that it printed */
export async function runExample(name: string): Promise<string[]> {
  const child = start(name, []);
  const lines: string[] = [];
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => lines.push(line));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  return lines;
}

/** Starts an example that serves, until the test has finished. @returns the first line that it prints: its URL */
export async function serveExample(name: string): Promise<string> {
  const child = start(name, ['0']);
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  const [url] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  return url;
}
