import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { sanitizer } from './host.js';

const entry = join(import.meta.dirname, '../../dist/cli.js');

export interface CommandResult {
  /** As a shell tells it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** The command `lastbyte` with these words, running. */
export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandResult>;
  readonly #chunks: Buffer[] = [];
  #wake: (() => void) | undefined;

  constructor(words: readonly string[], { input = '', cwd }: { input?: string; cwd?: string } = {}) {
    this.child = spawn(process.execPath, [entry, ...words], { cwd, env: { ...process.env, ...sanitizer() } });
    this.child.stdin?.on('error', () => {});
    this.child.stdin?.end(input);
    const errors: Buffer[] = [];
    this.child.stdout?.on('data', (data) => {
      this.#chunks.push(data);
      this.#wake?.();
    });
    this.child.stderr?.on('data', (data) => errors.push(data));
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code, signal) => {
        resolve({ code, signal, stdout: this.stdout.toString(), stderr: Buffer.concat(errors).toString() });
      });
    });
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** Resolves when it has printed this. */
  async until(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Runs the command `lastbyte` to its end. */
export function lastbyte(words: readonly string[], options?: { input?: string; cwd?: string }): Promise<CommandResult> {
  return new Command(words, options).ended;
}
