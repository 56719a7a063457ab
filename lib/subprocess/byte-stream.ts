import type { Readable } from 'node:stream';
import { collect, decodeChunks, joinChunks } from './collect.js';
import { type LinesOptions, readLines } from './lines.js';
import type { Output } from './output.js';
import { iterate } from './output-iterator.js';
import { toReadable } from './readable.js';
import { toWeb } from './web.js';

/**
 * What a child writes to stdout or stderr. It has one reader: a second one, and one beside `on` listeners, gets
 * AttachedError. Bytes that were written before the reader came are read first, as far as they were kept (`dropped` in
 * ExitInfo counts the others); from then on none is lost, and a slow reader slows the child. What has been written can
 * still be read after the child's exit. All readers fail with SpawnError where the child could not be started, and with
 * ClosedError where the engine was closed before the end.
 */
export class ByteStream implements AsyncIterable<Buffer> {
  readonly #output: Output;

  /** @internal */
  constructor(output: Output) {
    this.#output = output;
  }

  /** Chunks as they come. Leaving the loop early closes the pipe: a child that still writes gets SIGPIPE or EPIPE. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer, undefined> {
    const output = this.#output;
    return iterate(output, () => output.take());
  }

  /** Everything up to the end, without a limit; `run()` has one. */
  async bytes(): Promise<Buffer> {
    return joinChunks(await collect(this.#output));
  }

  /** Everything up to the end as UTF-8; what isn't UTF-8 becomes U+FFFD. */
  async text(): Promise<string> {
    return decodeChunks(await collect(this.#output));
  }

  /** Everything up to the end, parsed as JSON. Rejects with SyntaxError where it isn't JSON. */
  async json<T = unknown>(): Promise<T> {
    return JSON.parse(await this.text());
  }

  /**
   * Lines as UTF-8, without their ends: `\n` or `\r\n` (a lone `\r` is part of the line). Bytes after the last line end
   * are a line, too. A line longer than `maxLength` bytes ends the iteration with MaxBytesError. Leaving the loop early
   * closes the pipe.
   */
  lines(options: LinesOptions = {}): AsyncIterable<string> {
    return readLines(this.#output, options);
  }

  /** A `stream.Readable` of Buffers; destroying it closes the pipe. Without a listener, its `error` is no crash. */
  readable(): Readable {
    return toReadable(this.#output);
  }

  /** A web `ReadableStream` of type 'bytes' (BYOB readers too); cancelling it closes the pipe. */
  web(): ReadableStream<Uint8Array> {
    return toWeb(this.#output);
  }
}
