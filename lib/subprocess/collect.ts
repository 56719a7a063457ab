import type { LastbyteError } from '../errors.js';
import type { Consumer, Output } from './output.js';

/** Takes a stream's chunks as they come, until its end. */
class Collector implements Consumer {
  readonly #output: Output;
  readonly #resolve: (chunks: Buffer[]) => void;
  readonly #reject: (error: LastbyteError) => void;
  #chunks: Buffer[] = [];

  constructor(output: Output, resolve: (chunks: Buffer[]) => void, reject: (error: LastbyteError) => void) {
    this.#output = output;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  accept(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  wake(): void {
    for (let chunk = this.#output.take(); chunk !== undefined; chunk = this.#output.take()) this.#chunks.push(chunk);
    if (!this.#output.ended) return;
    if (this.#output.error === undefined) this.#resolve(this.#chunks);
    else this.#reject(this.#output.error);
    // The execution stays known for a while, and with it its readers.
    this.#chunks = [];
  }
}

export function collect(output: Output): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    output.attach(new Collector(output, resolve, reject));
  });
}

export function joinChunks(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

/** As UTF-8, with U+FFFD for what isn't; a byte order mark is kept. Joined first: characters may be split across chunks. */
export function decodeChunks(chunks: readonly Buffer[]): string {
  return chunks.length === 0 ? '' : joinChunks(chunks).toString('utf8');
}
