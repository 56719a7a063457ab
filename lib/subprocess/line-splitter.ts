const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** Cuts chunks of UTF-8 into lines. Work and memory are linear in the input, whatever the sizes of chunks and lines. */
export class LineSplitter {
  readonly #maxLength: number;
  readonly #tooLong: () => Error;
  #lines: string[] = [];
  #next = 0;
  /** The beginning of a line whose end has not come; its memory doubles as it grows. */
  #partial: Buffer = Buffer.alloc(0);
  #partialLength = 0;
  #broken = false;

  /** In place of a line of more than `maxLength` bytes, its end not counted, `shift` throws what `tooLong` returns. */
  constructor(maxLength: number, tooLong: () => Error) {
    this.#maxLength = maxLength;
    this.#tooLong = tooLong;
  }

  /** The next complete line, without its end. */
  shift(): string | undefined {
    const line = this.#lines[this.#next];
    if (line !== undefined) this.#next += 1;
    else if (this.#broken) throw this.#tooLong();
    return line;
  }

  /** Takes a chunk in. Only when `shift` has returned undefined. */
  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0)
      this.#split(this.#partialLength === 0 ? chunk.subarray(0, end) : this.#complete(chunk.subarray(0, end)));
    const length = this.#partialLength + chunk.length - end;
    // One byte more than the limit may turn out to be the \r of a \r\n.
    if (length > this.#maxLength + 1) this.#broken = true;
    else if (chunk.length > end) this.#append(chunk.subarray(end));
  }

  /** What stands after the last line end; undefined where there is nothing. Only when `shift` has returned undefined. */
  finish(): string | undefined {
    if (this.#partialLength === 0) return undefined;
    if (this.#partialLength > this.#maxLength) throw this.#tooLong();
    return this.#complete().toString('utf8');
  }

  /** `whole` ends with a newline. */
  #split(whole: Buffer): void {
    // No line can be longer than all of them together.
    const end = whole.length > this.#maxLength ? this.#boundedEnd(whole) : whole.length;
    this.#broken = end < whole.length;
    this.#next = 0;
    this.#lines = end === 0 ? [] : whole.toString('utf8', 0, end - 1).split('\n');
    if (whole.includes(CARRIAGE_RETURN)) this.#lines = this.#lines.map(withoutCarriageReturn);
  }

  /** How far the lines keep to the limit. */
  #boundedEnd(whole: Buffer): number {
    let start = 0;
    while (start < whole.length) {
      const newline = whole.indexOf(NEWLINE, start);
      const end = newline > start && whole[newline - 1] === CARRIAGE_RETURN ? newline - 1 : newline;
      if (end - start > this.#maxLength) break;
      start = newline + 1;
    }
    return start;
  }

  #complete(rest?: Buffer): Buffer {
    if (rest !== undefined) this.#append(rest);
    const whole = this.#partial.subarray(0, this.#partialLength);
    this.#partialLength = 0;
    return whole;
  }

  #append(bytes: Buffer): void {
    const length = this.#partialLength + bytes.length;
    if (length > this.#partial.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(256, 2 * length));
      this.#partial.copy(larger, 0, 0, this.#partialLength);
      this.#partial = larger;
    }
    bytes.copy(this.#partial, this.#partialLength);
    this.#partialLength = length;
  }
}

function withoutCarriageReturn(line: string): string {
  return line.charCodeAt(line.length - 1) === CARRIAGE_RETURN ? line.slice(0, -1) : line;
}
