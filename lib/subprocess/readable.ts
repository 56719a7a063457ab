import type { Readable } from 'node:stream';
import type { Output } from './output.js';
import { iterate } from './output-iterator.js';

/** As much as a pipe of Linux holds; Node 20's own default is a quarter of it. */
const HIGH_WATER_MARK = 64 * 1024;

export function toReadable(output: Output): Readable {
  const chunks = iterate(output, () => output.take());
  // Loading node:stream takes 2 ms: only who asks for a stream pays.
  const stream = process.getBuiltinModule('node:stream');
  const readable = new stream.Readable({
    highWaterMark: HIGH_WATER_MARK,
    read() {
      chunks.next().then(
        ({ value }) => readable.push(value ?? null),
        (error) => readable.destroy(error),
      );
    },
    destroy(error, callback) {
      chunks.return();
      callback(error);
    },
  });
  // As with stdin: `wait()` tells a failed start, too, and who is told there must not be ended by it here.
  readable.on('error', () => {});
  return readable;
}
