import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { UsageError } from './usage.js';

export interface CommandLine {
  /** 1, 2, 3 … */
  readonly line: number;
  readonly command: string;
}

/** The commands of a file, one a line; '-' is stdin. Throws UsageError where it can't be read. */
export async function readCommands(file: string): Promise<CommandLine[]> {
  const content = file === '-' ? await text(process.stdin) : await readText(file);
  return content
    .split('\n')
    .map((command, index) => ({ line: index + 1, command: command.trim() }))
    .filter(({ command }) => command !== '' && !command.startsWith('#'));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--file: ${(error as Error).message}`);
  }
}
