import type { ReadableByteStreamController } from 'node:stream/web';
import type { Output } from './output.js';
import { iterate } from './output-iterator.js';

/**
 * A byte stream of the web. Its readers may transfer the memory of what they get, so each chunk is a copy of its own, or
 * is put into the reader's own memory (BYOB).
 */
export function toWeb(output: Output): ReadableStream<Uint8Array> {
  const chunks = iterate(output, () => output.take());
  let rest: Buffer | undefined;
  return new ReadableStream({
    type: 'bytes',
    async pull(controller: ReadableByteStreamController) {
      const chunk = rest ?? (await chunks.next()).value;
      rest = undefined;
      const request = controller.byobRequest;
      if (chunk === undefined) {
        controller.close();
        request?.respond(0);
      } else if (request?.view) {
        const { buffer, byteOffset, byteLength } = request.view;
        const length = Math.min(byteLength, chunk.length);
        new Uint8Array(buffer, byteOffset, length).set(chunk.subarray(0, length));
        if (length < chunk.length) rest = chunk.subarray(length);
        request.respond(length);
      } else {
        controller.enqueue(new Uint8Array(chunk));
      }
    },
    async cancel() {
      await chunks.return();
    },
  });
}
