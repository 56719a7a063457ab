/** The bytes that the fixture `actor` writes and expects: a period of pseudo-random bytes, again and again. */
export const PERIOD = 65521;

const period = Buffer.alloc(PERIOD);
let state = 0x9e3779b9;
for (let i = 0; i < PERIOD; i++) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  period[i] = (state >>> 11) & 0xff;
}
const twice = Buffer.concat([period, period]);

/** Where a stream's pattern begins: stdin and stdout at its start, stderr in its middle. */
const starts = [0, 0, Math.floor(PERIOD / 2)] as const;

/** `size` bytes of a stream's pattern, from the stream's byte number `from` on. */
export function pattern(size: number, from = 0, stream: 0 | 1 | 2 = 0): Buffer {
  const result = Buffer.allocUnsafe(size);
  for (let done = 0; done < size; ) {
    const at = (starts[stream] + from + done) % PERIOD;
    done += twice.copy(result, done, at, Math.min(at + PERIOD, at + size - done));
  }
  return result;
}

/** Compares a stream with its pattern as it comes, and keeps nothing of it. */
export class PatternCheck {
  /** All bytes that came. */
  length = 0;
  /** Bytes up to the first that was wrong. */
  matched = 0;
  readonly #start: number;

  constructor(stream: 1 | 2) {
    this.#start = starts[stream];
  }

  add(chunk: Buffer): void {
    for (let done = 0; done < chunk.length; ) {
      const at = (this.#start + this.length) % PERIOD;
      const part = Math.min(PERIOD, chunk.length - done);
      const right = chunk.compare(twice, at, at + part, done, done + part) === 0;
      if (right && this.matched === this.length) this.matched += part;
      this.length += part;
      done += part;
    }
  }
}
