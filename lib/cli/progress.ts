import type { Writable } from 'node:stream';

/** How far it has got. */
export interface Counts {
  total: number;
  done: number;
  failed: number;
  running: number;
}

const CLEAR_LINE = '\r\x1b[2K';

/** One line at the bottom of a terminal, which says how far it has got; nothing where there is no terminal. */
export class Progress {
  readonly #terminal: (Writable & { columns?: number; isTTY?: boolean }) | undefined;
  #shown = false;

  constructor(stream: Writable & { columns?: number; isTTY?: boolean }) {
    this.#terminal = stream.isTTY ? stream : undefined;
  }

  show({ total, done, failed, running }: Counts): void {
    if (this.#terminal === undefined) return;
    const line = `${done}/${total} done, ${running} running${failed > 0 ? `, ${failed} failed` : ''}`;
    this.#terminal.write(`${CLEAR_LINE}${line.slice(0, (this.#terminal.columns || 80) - 1)}`);
    this.#shown = true;
  }

  /** Before anything else is printed. */
  clear(): void {
    if (this.#shown) this.#terminal?.write(CLEAR_LINE);
    this.#shown = false;
  }
}
