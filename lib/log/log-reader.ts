import { EvictedError } from '../errors.js';
import type { EventLog, ExecutionEvent } from './event-log.js';
import type { Cursor, StreamLog } from './stream-log.js';

/** The place behind event `afterSeq`. Throws EvictedError where the log no longer knows where that was. */
export function cursorAfter(log: EventLog, stream: StreamLog | null, afterSeq: number): Cursor {
  const cursor = stream === null ? { offset: 0, entry: 0 } : stream.cursorAfter(afterSeq);
  if (cursor !== undefined) return cursor;
  const what = `The log no longer knows what came right after event ${afterSeq}; it can be read from 0`;
  throw new EvictedError(what, { id: log.source.id });
}

/** A place in the order of an execution's events, and what comes next there. */
export class LogReader {
  /** Exit, or a failure, has been given. */
  done = false;
  readonly #log: EventLog;
  readonly #stdout: Cursor;
  readonly #stderr: Cursor;
  /** The number of the newest event that was given. */
  #seq: number;

  /**
   * `lossless`: what it has not read is kept, and the child is held back. Throws InvalidArgumentError, EvictedError, and
   * what ended the log.
   */
  constructor(log: EventLog, afterSeq: number, lossless: boolean) {
    const { evicted } = log;
    if (evicted !== undefined) throw evicted;
    this.#log = log;
    log.read = true;
    this.#seq = log.checkSeq(afterSeq);
    this.#stdout = cursorAfter(log, log.stdout, afterSeq);
    this.#stderr = cursorAfter(log, log.stderr, afterSeq);
    if (!lossless) return;
    log.stdout?.hold(this.#stdout);
    log.stderr?.hold(this.#stderr);
  }

  /** The next event; undefined where there is none yet, or none any more. Throws what ended the log. */
  next(): ExecutionEvent | undefined {
    if (this.done) return undefined;
    const log = this.#log;
    const { stdout, stderr, failure } = log;
    if (failure !== undefined) throw failure;
    const lag = this.#lag();
    if (lag !== undefined) return lag;
    if (log.exitSeq <= this.#seq) {
      this.done = true;
      return undefined;
    }
    const stdoutSeq = stdout === null ? Number.POSITIVE_INFINITY : stdout.nextSeq(this.#stdout);
    const stderrSeq = stderr === null ? Number.POSITIVE_INFINITY : stderr.nextSeq(this.#stderr);
    const reapedSeq = log.reapedSeq > this.#seq ? log.reapedSeq : Number.POSITIVE_INFINITY;
    const seq = Math.min(stdoutSeq, stderrSeq, reapedSeq, log.exitSeq);
    if (seq === Number.POSITIVE_INFINITY) return undefined;
    this.#seq = seq;
    if (seq === stdoutSeq) return this.#output(stdout as StreamLog, this.#stdout);
    if (seq === stderrSeq) return this.#output(stderr as StreamLog, this.#stderr);
    if (seq === reapedSeq) return { type: 'reaped', seq, info: log.reapedInfo as NonNullable<typeof log.reapedInfo> };
    this.done = true;
    return { type: 'exit', seq, info: log.source.facts() };
  }

  /** How many bytes of output the next event has; 0 where it is another one, or there is none. */
  nextBytes(): number {
    const { stdout, stderr, reapedSeq } = this.#log;
    const stdoutSeq = stdout?.nextSeq(this.#stdout) ?? Number.POSITIVE_INFINITY;
    const stderrSeq = stderr?.nextSeq(this.#stderr) ?? Number.POSITIVE_INFINITY;
    if (reapedSeq > this.#seq && reapedSeq < Math.min(stdoutSeq, stderrSeq)) return 0;
    if (stdoutSeq < stderrSeq) return (stdout as StreamLog).nextBytes(this.#stdout);
    return stderr?.nextBytes(this.#stderr) ?? 0;
  }

  /** Gives its place up. */
  end(): void {
    this.done = true;
    this.#log.stdout?.release(this.#stdout);
    this.#log.stderr?.release(this.#stderr);
  }

  #output(stream: StreamLog, cursor: Cursor): ExecutionEvent {
    const data = stream.take(cursor) as Buffer;
    stream.moved();
    return { type: stream.name, seq: this.#seq, data };
  }

  /** One event for all that went since the last look. */
  #lag(): ExecutionEvent | undefined {
    const { stdout, stderr } = this.#log;
    const dropped = { stdout: stdout?.missed(this.#stdout) ?? 0, stderr: stderr?.missed(this.#stderr) ?? 0 };
    if (dropped.stdout === 0 && dropped.stderr === 0) return undefined;
    this.#stdout.offset += dropped.stdout;
    this.#stderr.offset += dropped.stderr;
    return { type: 'lag', dropped };
  }
}
