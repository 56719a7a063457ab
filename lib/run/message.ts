import type { RunResult } from '../shared/facts.js';

const LONGEST_COMMAND = 300;
const LONGEST_TAIL = 1000;

/** The command as one would type it, on one line. */
export function commandLine(file: string, args: readonly string[]): string {
  const line = [file, ...args].map(quote).join(' ');
  return line.length > LONGEST_COMMAND ? `${line.slice(0, LONGEST_COMMAND)}…` : line;
}

function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a log must not be forged by an argument
  if (/[\x00-\x1f\x7f]/.test(word)) return JSON.stringify(word);
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** What went wrong, with the end of what the command said about it. */
export function failureMessage(result: RunResult<string | Buffer>, timeoutMs: number | undefined): string {
  return `Command ${outcome(result, timeoutMs)}: ${commandLine(result.file, result.args)}${tail(result.stderr)}`;
}

function outcome({ reason, code, signal }: RunResult<string | Buffer>, timeoutMs: number | undefined): string {
  if (reason === 'timedOut') return `timed out after ${timeoutMs} ms`;
  if (signal !== null) return `was ended by ${signal}`;
  return `failed with code ${code}`;
}

function tail(stderr: string | Buffer): string {
  const end =
    typeof stderr === 'string'
      ? stderr.slice(-LONGEST_TAIL)
      : stderr.toString('utf8', Math.max(0, stderr.length - LONGEST_TAIL));
  const text = end.trim();
  if (text === '') return '';
  return stderr.length > LONGEST_TAIL ? `\n…${text}` : `\n${text}`;
}
