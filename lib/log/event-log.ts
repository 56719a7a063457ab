import type { StreamNumber } from '../engine/execution.js';
import { InvalidArgumentError, type LastbyteError } from '../errors.js';
import { lagChannel } from '../shared/diagnostics.js';
import type { ExitInfo } from '../shared/facts.js';
import { StreamLog, type StreamOwner } from './stream-log.js';

/** Something that happened to an execution, numbered with `seq`, or a gap in what the log could keep. */
export type ExecutionEvent =
  | { type: 'stdout'; seq: number; data: Buffer }
  | { type: 'stderr'; seq: number; data: Buffer }
  | { type: 'reaped'; seq: number; info: ExitInfo }
  | { type: 'exit'; seq: number; info: ExitInfo }
  | { type: 'lag'; dropped: { stdout: number; stderr: number } };

/** The execution that is logged. */
export interface LogSource {
  readonly id: string;
  readonly execution: StreamOwner['execution'];
  /** The facts of the exit, from Exit on. */
  facts(): ExitInfo;
  /** A log reader is there: what nobody else reads must not hold the child back. */
  drain(): void;
}

/** All events of one execution, in their order, as far as they are kept. */
export class EventLog implements StreamOwner {
  seq = 0;
  sealed = 0;
  readonly stdout: StreamLog | null;
  readonly stderr: StreamLog | null;
  /** The number of Reaped; Infinity before it. */
  reapedSeq = Number.POSITIVE_INFINITY;
  reapedInfo: ExitInfo | undefined;
  /** The number of Exit; Infinity before it. */
  exitSeq = Number.POSITIVE_INFINITY;
  /** Somebody has begun to read. */
  read = false;
  readonly source: LogSource;
  #waiting: Set<() => void> | undefined;
  // Made when somebody asks: every log is evicted in the end, and few are ever read again.
  #failure: (() => LastbyteError) | undefined;
  #evicted: (() => LastbyteError) | undefined;

  constructor(source: LogSource, streams: { stdout: boolean; stderr: boolean }, retainBytes: number) {
    this.source = source;
    this.stdout = streams.stdout ? new StreamLog(this, 1, retainBytes) : null;
    this.stderr = streams.stderr ? new StreamLog(this, 2, retainBytes) : null;
  }

  get execution(): StreamOwner['execution'] {
    return this.source.execution;
  }

  /** Why nothing can be read: the start failed, or the executor was closed. */
  get failure(): LastbyteError | undefined {
    return this.#failure?.();
  }

  /** Why nobody can begin to read: who had begun gets what comes, and is told what was let go. */
  get evicted(): LastbyteError | undefined {
    return this.#failure?.() ?? this.#evicted?.();
  }

  get closed(): boolean {
    return this.exitSeq !== Number.POSITIVE_INFINITY;
  }

  /** Bytes that are kept. */
  get kept(): number {
    return (this.stdout?.kept ?? 0) + (this.stderr?.kept ?? 0);
  }

  /** Memory that is kept from being freed, in bytes, roughly. */
  get cost(): number {
    return 2048 + (this.stdout?.cost ?? 0) + (this.stderr?.cost ?? 0);
  }

  stream(number: StreamNumber): StreamLog | null {
    return number === 1 ? this.stdout : this.stderr;
  }

  dropped(): { stdout: number; stderr: number } {
    return { stdout: this.stdout?.dropped ?? 0, stderr: this.stderr?.dropped ?? 0 };
  }

  reaped(info: ExitInfo): void {
    this.seq += 1;
    this.reapedSeq = this.seq;
    this.reapedInfo = info;
    this.changed();
  }

  /** `info` as it stands now; `source.facts()` has the last word. */
  exit(info: ExitInfo): void {
    this.seq += 1;
    this.exitSeq = this.seq;
    // Nearly always the same facts: no need to keep both.
    if (this.reapedInfo !== undefined && sameFacts(this.reapedInfo, info)) this.reapedInfo = info;
    this.changed();
  }

  /** Nothing can be read from now on, and who waits is told why. */
  fail(why: () => LastbyteError): void {
    this.#failure ??= why;
    this.changed();
  }

  /** Lets everything go that no reader holds. */
  evict(why: () => LastbyteError): void {
    this.#evicted ??= why;
    this.stdout?.evict(!this.read);
    this.stderr?.evict(!this.read);
  }

  /** The newest event's number, for somebody to come back with: that event doesn't grow any more. */
  seal(): number {
    this.sealed = this.seq;
    return this.seq;
  }

  /** Throws InvalidArgumentError where there has been no such event. */
  checkSeq(seq: unknown): number {
    if (Number.isInteger(seq) && (seq as number) >= 0 && (seq as number) <= this.seq) return seq as number;
    throw new InvalidArgumentError('afterSeq', `the number of an event so far, 0 to ${this.seq}`, seq);
  }

  /** Calls back once, at the next event or failure. */
  onChange(wake: () => void): void {
    this.#waiting ??= new Set();
    this.#waiting.add(wake);
  }

  offChange(wake: () => void): void {
    this.#waiting?.delete(wake);
  }

  changed(): void {
    if (this.#waiting === undefined || this.#waiting.size === 0) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const wake of waiting) wake();
  }

  lagged(dropped: { stdout: number; stderr: number }): void {
    if (lagChannel.hasSubscribers) lagChannel.publish({ id: this.source.id, dropped });
  }
}

/** The status is the same; what else is known of the child may have changed between the two. */
function sameFacts(a: ExitInfo, b: ExitInfo): boolean {
  const { stdout, stderr } = a.dropped;
  const { userMs, systemMs, maxRssBytes } = a.usage;
  const sameOutput =
    a.outputComplete === b.outputComplete && stdout === b.dropped.stdout && stderr === b.dropped.stderr;
  const sameUsage = userMs === b.usage.userMs && systemMs === b.usage.systemMs && maxRssBytes === b.usage.maxRssBytes;
  return sameOutput && sameUsage && a.reason === b.reason;
}
