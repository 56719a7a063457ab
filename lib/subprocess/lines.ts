import { InvalidArgumentError, MaxBytesError } from '../errors.js';
import { checkOptions } from './check-options.js';
import { LineSplitter } from './line-splitter.js';
import type { Output } from './output.js';
import { iterate } from './output-iterator.js';

export interface LinesOptions {
  /** The longest line, in bytes without its end (1…2³⁰); default 16 MiB. */
  maxLength?: number | undefined;
}

const DEFAULT_MAX_LENGTH = 16 * 1024 * 1024;
const LARGEST_MAX_LENGTH = 2 ** 30;

function readMaxLength(options: LinesOptions): number {
  checkOptions(options, ['maxLength']);
  const { maxLength = DEFAULT_MAX_LENGTH } = options;
  if (!Number.isInteger(maxLength) || maxLength < 1 || maxLength > LARGEST_MAX_LENGTH) {
    throw new InvalidArgumentError('maxLength', `a whole number of bytes from 1 to ${LARGEST_MAX_LENGTH}`, maxLength);
  }
  return maxLength;
}

/** The stream is taken when the iteration begins. */
export function readLines(output: Output, options: LinesOptions): AsyncIterable<string> {
  const maxLength = readMaxLength(options);
  const tooLong = () =>
    new MaxBytesError(`A line of ${output.name} is longer than ${maxLength} bytes`, {
      stream: output.name,
      maxBytes: maxLength,
    });
  return {
    [Symbol.asyncIterator]() {
      const splitter = new LineSplitter(maxLength, tooLong);
      return iterate(output, () => {
        for (;;) {
          const line = splitter.shift();
          if (line !== undefined) return line;
          const chunk = output.take();
          if (chunk === undefined) return output.ended ? splitter.finish() : undefined;
          splitter.push(chunk);
        }
      });
    },
  };
}
