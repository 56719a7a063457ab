import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { afterEach } from 'vitest';
import { scratchPath } from './scratch.js';

const open: { close(): void }[] = [];

/** Closes all there are; each test's end does it. */
export function closeFifos(): void {
  for (const fifo of open.splice(0)) fifo.close();
}

afterEach(closeFifos);

const stock: string[] = [];

function makeFifo(): { path: string; fd: number } {
  if (stock.length === 0) {
    for (let i = 0; i < 20; i++) stock.push(scratchPath('fifo'));
    execFileSync('mkfifo', stock);
  }
  const path = stock.pop() as string;
  // Both ends, so that neither side ever waits for the other to open it.
  return { path, fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK) };
}

/** Holds children up until the test lets them go: each reads one byte (`await PATH`; in a shell `read x < PATH`). */
export class Gate {
  readonly path: string;
  readonly #fd: number;

  constructor() {
    ({ path: this.path, fd: this.#fd } = makeFifo());
    open.push(this);
  }

  /** Lets `count` of those who wait, or will, pass. */
  release(count = 1): void {
    writeSync(this.#fd, '\n'.repeat(count));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Lines that children tell the test behind lastbyte's back (`tell PATH text`; in a shell `echo text > PATH`). */
export class Mailbox {
  readonly path: string;
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  readonly #readers: ((line: string) => void)[] = [];

  constructor() {
    const { path, fd } = makeFifo();
    this.path = path;
    this.#fd = fd;
    let rest = '';
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const reader = this.#readers.shift();
        if (reader) reader(line);
        else this.#lines.push(line);
      }
    });
    open.push(this);
  }

  /** The next line; each is given once. */
  async next(): Promise<string> {
    const line = this.#lines.shift();
    return line ?? new Promise((resolve) => this.#readers.push(resolve));
  }

  /** A line of the test's own. */
  tell(line: string): void {
    writeSync(this.#fd, `${line}\n`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Lines for a child that does as it reads (`script PATH`). */
export class Script {
  readonly path: string;
  readonly #fd: number;

  constructor() {
    ({ path: this.path, fd: this.#fd } = makeFifo());
    open.push(this);
  }

  tell(line: string): void {
    writeSync(this.#fd, `${line}\n`);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
