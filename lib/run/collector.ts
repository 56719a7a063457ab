import type { StreamLog } from '../log/stream-log.js';
import type { Sink } from '../subprocess/supervisor.js';
import type { Job } from './job.js';

/** Keeps what comes from one stream, up to `maxBytes`. */
export class Collector implements Sink {
  readonly chunks: Buffer[] = [];
  readonly #job: Job;
  readonly #stream: StreamLog;
  #room: number;
  #full = false;

  constructor(job: Job, stream: StreamLog) {
    this.#job = job;
    this.#stream = stream;
    this.#room = job.plan.maxBytes;
    stream.sunk = true;
  }

  accept(chunk: Buffer): void {
    if (this.#full) return;
    if (chunk.length <= this.#room) {
      this.#room -= chunk.length;
      this.chunks.push(chunk);
      return;
    }
    const excess = chunk.length - this.#room;
    if (this.#room > 0) this.chunks.push(chunk.subarray(0, this.#room));
    this.#full = true;
    this.#stream.dropped += excess;
    this.#job.overflow(this.#stream);
  }
}
