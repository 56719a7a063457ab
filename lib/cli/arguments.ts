import { parseArgs } from 'node:util';
import type { SpawnOptions } from '../index.js';
import { parseDuration } from './duration.js';
import { UsageError } from './usage.js';

/** `lastbyte run`, as it was typed. */
export interface RunCommand {
  json: boolean;
  options: SpawnOptions;
  /** One command; absent where there is a file. */
  command?: readonly string[];
  /** A file of commands; '-': stdin. */
  file?: string;
  parallel?: number;
}

const OPTIONS = {
  json: { type: 'boolean' },
  shell: { type: 'boolean' },
  timeout: { type: 'string' },
  'kill-after': { type: 'string' },
  cwd: { type: 'string' },
  env: { type: 'string', multiple: true },
  file: { type: 'string' },
  parallel: { type: 'string' },
} as const;

/** The options end at the first word that is none: what follows is the command's. */
function split(words: readonly string[]): { options: string[]; command: string[] } {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === '--') return { options: words.slice(0, i), command: words.slice(i + 1) };
    if (!word.startsWith('-') || word === '-') return { options: words.slice(0, i), command: words.slice(i) };
    const option = OPTIONS[word.slice(2) as keyof typeof OPTIONS];
    if (option?.type === 'string') i += 1;
  }
  return { options: [...words], command: [] };
}

/** Throws UsageError. */
export function parseRun(words: readonly string[]): RunCommand {
  const { options: optionWords, command } = split(words);
  const values = parse(optionWords);
  const options: SpawnOptions = {};
  if (values.shell) options.shell = true;
  if (values.timeout !== undefined) options.timeoutMs = parseDuration('timeout', values.timeout);
  if (values['kill-after'] !== undefined) options.killAfterMs = parseDuration('kill-after', values['kill-after']);
  if (values.cwd !== undefined) options.cwd = values.cwd;
  if (values.env !== undefined) options.env = { ...process.env, ...Object.fromEntries(values.env.map(parseVariable)) };
  const result: RunCommand = { json: values.json === true, options };
  if (values.parallel !== undefined) result.parallel = parseCount(values.parallel);
  if (values.file === undefined) {
    if (values.parallel !== undefined) throw new UsageError('--parallel needs --file');
    if (command.length === 0) throw new UsageError('a command is missing');
    return { ...result, command };
  }
  if (command.length > 0) throw new UsageError(`with --file there is no other command; got '${command[0]}'`);
  if (values.shell) throw new UsageError('the commands of --file are for a shell already: leave --shell out');
  return { ...result, file: values.file };
}

function parse(words: string[]) {
  try {
    return parseArgs({ args: words, options: OPTIONS, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function parseVariable(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--env must be NAME=VALUE; got '${text}'`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 100_000) return count;
  throw new UsageError(`--parallel must be a whole number from 1 to 100000; got '${text}'`);
}
