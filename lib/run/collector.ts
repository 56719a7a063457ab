import type { Consumer, Output } from '../subprocess/output.js';
import type { Job } from './job.js';

/** Keeps what comes from one stream, up to `maxBytes`. */
export class Collector implements Consumer {
  readonly chunks: Buffer[] = [];
  readonly #job: Job;
  readonly #output: Output;
  #room: number;

  constructor(job: Job, output: Output) {
    this.#job = job;
    this.#output = output;
    this.#room = job.plan.maxBytes;
    output.attach(this);
  }

  accept(chunk: Buffer): void {
    if (chunk.length <= this.#room) {
      this.#room -= chunk.length;
      this.chunks.push(chunk);
      return;
    }
    if (this.#room > 0) this.chunks.push(chunk.subarray(0, this.#room));
    this.#output.dropped += chunk.length - this.#room;
    this.#room = 0;
    this.#output.cancel();
    this.#job.overflow(this.#output);
  }

  wake(): void {}
}
