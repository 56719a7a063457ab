import { AbortError, InvalidArgumentError, type LastbyteError } from '../errors.js';
import { unwatchAbort, watchAbort } from '../shared/abort.js';
import { type Deadline, deadlines } from '../shared/deadlines.js';
import type { ExitInfo } from '../shared/facts.js';
import type { EventLog, ExecutionEvent } from './event-log.js';
import { cursorAfter, LogReader } from './log-reader.js';
import type { StreamLog } from './stream-log.js';

export interface ReadOptions {
  /** Only events behind this one; default 0: from the beginning. */
  afterSeq?: number | undefined;
  /** Not more output than this, in bytes (1…2³⁰), unless the first chunk alone is longer; default 1 MiB. */
  maxBytes?: number | undefined;
  /** How long to wait where there is nothing yet, in milliseconds (0…2³¹−1); default 0. */
  waitMs?: number | undefined;
  /** Gives this read up: it rejects with AbortError. */
  signal?: AbortSignal | undefined;
}

export interface ReadResult {
  /** In their order; without `lag` events, which are `lag` here. */
  events: ExecutionEvent[];
  /** The number of the event that comes next: read on with `afterSeq: nextSeq - 1`. */
  nextSeq: number;
  /** The leader's status is known. */
  reaped: boolean;
  /** Exit is among these events, or came before them: nothing follows. */
  closed: boolean;
  /** The facts of the exit, where `closed`. */
  exit?: ExitInfo;
  /** Bytes of the events from `afterSeq` to `nextSeq` that the log no longer holds; absent where there are none. */
  lag?: { stdout: number; stderr: number };
}

/** Tells a reader of the log that it is over. */
export type ReaderFailure = (error: LastbyteError) => void;

/** Checked. */
export interface ReadPlan {
  afterSeq: number;
  maxBytes: number;
  waitMs: number;
  signal: AbortSignal | undefined;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;
const LARGEST_MAX_BYTES = 2 ** 30;
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export function readPlan(options: ReadOptions, defaultAfterSeq: number): ReadPlan {
  const { afterSeq = defaultAfterSeq, maxBytes = DEFAULT_MAX_BYTES, waitMs = 0, signal } = options;
  if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > LARGEST_MAX_BYTES) {
    throw new InvalidArgumentError('maxBytes', `a whole number of bytes from 1 to ${LARGEST_MAX_BYTES}`, maxBytes);
  }
  if (typeof waitMs !== 'number' || !(waitMs >= 0 && waitMs <= LONGEST_WAIT_MS)) {
    throw new InvalidArgumentError('waitMs', `milliseconds from 0 to ${LONGEST_WAIT_MS}`, waitMs);
  }
  return { afterSeq, maxBytes, waitMs, signal };
}

/** What there is behind `afterSeq`; where there is nothing, waits for it, and is one of `readers` meanwhile. */
export async function readLog(log: EventLog, plan: ReadPlan, readers: Set<ReaderFailure>): Promise<ReadResult> {
  if (plan.signal?.aborted) throw aborted(log, plan.signal);
  const reader = new LogReader(log, plan.afterSeq, false);
  const result = collect(log, plan, reader);
  if (result.nextSeq > plan.afterSeq + 1 || result.closed || plan.waitMs === 0) return result;
  await change(log, plan, readers);
  return collect(log, plan, reader);
}

/** No event comes while this runs: what the log has lost, it has lost before. */
function collect(log: EventLog, { afterSeq, maxBytes }: ReadPlan, reader: LogReader): ReadResult {
  const events: ExecutionEvent[] = [];
  let room = maxBytes;
  let seq = log.seq;
  for (;;) {
    if (room < maxBytes && reader.nextBytes() > room) {
      const last = (events.at(-1) as { seq: number }).seq;
      if (knowsPlace(log, last)) {
        seq = last;
        break;
      }
    }
    const event = reader.next();
    if (event === undefined) break;
    if (event.type === 'lag') continue;
    events.push(event);
    if ('data' in event) room -= event.data.length;
  }
  const result: ReadResult = {
    events,
    nextSeq: seq + 1,
    reaped: seq >= log.reapedSeq,
    closed: seq >= log.exitSeq,
  };
  if (result.closed) result.exit = log.source.facts();
  const lag = {
    stdout: lost(log, log.stdout, afterSeq, seq),
    stderr: lost(log, log.stderr, afterSeq, seq),
  };
  if (lag.stdout + lag.stderr > 0) {
    result.lag = lag;
    log.lagged(lag);
  }
  return result;
}

/** Somebody can read on from behind event `seq`. */
function knowsPlace({ stdout, stderr }: EventLog, seq: number): boolean {
  return [stdout, stderr].every((stream) => stream === null || stream.offsetAfter(seq) !== undefined);
}

/** How many bytes of the events behind `afterSeq` up to `seq` are gone. */
function lost(log: EventLog, stream: StreamLog | null, afterSeq: number, seq: number): number {
  if (stream === null) return 0;
  const from = cursorAfter(log, stream, afterSeq).offset;
  const to = cursorAfter(log, stream, seq).offset;
  return Math.max(0, Math.min(stream.head, to) - from);
}

/** Resolves at the next event or failure, or when the time is up; rejects when the signal is aborted. */
function change(log: EventLog, { waitMs, signal }: ReadPlan, readers: Set<ReaderFailure>): Promise<void> {
  return new Promise((resolve, reject) => {
    let deadline: Deadline | undefined;
    const target = { aborted: () => finish(() => reject(aborted(log, signal as AbortSignal))) };
    const wake = () => finish(resolve);
    const fail: ReaderFailure = (error) => finish(() => reject(error));
    const finish = (settle: () => void) => {
      log.offChange(wake);
      readers.delete(fail);
      if (deadline !== undefined) deadlines.delete(deadline);
      if (signal !== undefined) unwatchAbort(signal, target);
      settle();
    };
    log.onChange(wake);
    readers.add(fail);
    deadline = deadlines.add(waitMs, wake);
    if (signal !== undefined) watchAbort(signal, target);
  });
}

function aborted(log: EventLog, signal: AbortSignal): AbortError {
  const { id } = log.source;
  return new AbortError(`The read of execution ${id} was aborted`, signal.reason, { id });
}
