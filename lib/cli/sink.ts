import type { Writable } from 'node:stream';

/**
 * One of our own output streams. Who reads it may go away (`| head`): the next write says so, as write(2) does with
 * EPIPE, instead of ending the process.
 */
export class OutputSink {
  broken = false;
  readonly #stream: Writable;
  #failure: Error | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.broken = true;
      if (error.code !== 'EPIPE') this.#failure = error;
    });
  }

  /** Resolves when there is room for more. Rejects where it fails for another reason than that the reader has gone. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.broken || this.#stream.write(data)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#stream.off('drain', done).off('error', done).off('close', done);
        resolve();
      };
      this.#stream.on('drain', done).on('error', done).on('close', done);
    });
  }
}
