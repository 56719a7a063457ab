import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Beyond this many bytes they go to a file. */
const IN_MEMORY_BYTES = 1024 * 1024;
const READ_BYTES = 256 * 1024;

export type StreamName = 'stdout' | 'stderr';

interface Part {
  readonly stream: StreamName;
  bytes: number;
}

/** The output of one command, both streams in the order they came, until it is printed as a whole. */
export class Spool {
  readonly #parts: Part[] = [];
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #folder: string | undefined;
  #file: FileHandle | undefined;

  async add(stream: StreamName, data: Uint8Array): Promise<void> {
    const last = this.#parts.at(-1);
    if (last?.stream === stream) last.bytes += data.length;
    else this.#parts.push({ stream, bytes: data.length });
    this.#chunks.push(data);
    this.#bytes += data.length;
    if (this.#bytes > IN_MEMORY_BYTES) await this.#spill();
  }

  /** Gives everything back, in order, and holds nothing any more. */
  async play(to: (stream: StreamName, data: Uint8Array) => Promise<void>): Promise<void> {
    try {
      if (this.#file !== undefined) await this.#spill();
      let position = 0;
      const memory = this.#file === undefined ? Buffer.concat(this.#chunks) : undefined;
      for (const { stream, bytes } of this.#parts) {
        for (let left = bytes; left > 0; ) {
          const size = Math.min(left, READ_BYTES);
          const piece = memory?.subarray(position, position + size) ?? (await this.#read(position, size));
          await to(stream, piece);
          position += piece.length;
          left -= piece.length;
        }
      }
    } finally {
      await this.discard();
    }
  }

  async discard(): Promise<void> {
    this.#chunks = [];
    await this.#file?.close();
    this.#file = undefined;
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  async #spill(): Promise<void> {
    if (this.#file === undefined) {
      this.#folder = await mkdtemp(join(tmpdir(), 'lastbyte-run-'));
      this.#file = await open(join(this.#folder, 'output'), 'wx+', 0o600);
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    for (const chunk of chunks) await this.#file.appendFile(chunk);
  }

  async #read(position: number, size: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(size);
    const { bytesRead } = await (this.#file as FileHandle).read(buffer, 0, size, position);
    if (bytesRead === 0) throw new Error(`${this.#folder} has been changed by somebody else`);
    return buffer.subarray(0, bytesRead);
  }
}
