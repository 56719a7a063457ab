import type { ExecutionCallbacks, StreamNumber } from '../engine/execution.js';
import { ClosedError, type LastbyteError } from '../errors.js';
import { EventLog, type LogSource } from '../log/event-log.js';
import type { StreamLog } from '../log/stream-log.js';
import { unwatchAbort, watchAbort } from '../shared/abort.js';
import { type Deadline, deadlines } from '../shared/deadlines.js';
import {
  exitChannel,
  heldPipeChannel,
  reapedChannel,
  startChannel,
  startFailedChannel,
} from '../shared/diagnostics.js';
import type { ExitInfo } from '../shared/facts.js';
import type { Linked } from '../shared/linked-list.js';
import type { Attachment } from './attachment.js';
import type { Executing, Host, Retention } from './executing.js';
import { executionId, nextNumber } from './execution-id.js';
import { heldBy } from './held-by.js';
import type { SpawnPlan } from './plan.js';

/** Told of an execution's end, before its `exit` listeners: `error` where the start failed. */
export interface EndTarget {
  ended(error?: LastbyteError): void;
}

/** Takes all output of a stream as it comes, and is never behind. */
export interface Sink {
  accept(chunk: Buffer): void;
}

const NONE: readonly never[] = [];

/** From Reaped on, until a pipe that somebody still holds is reported. */
const HELD_PIPE_AFTER_MS = 5000;

/**
 * One execution and all that is held for it: takes the engine's events, logs them, and passes them on in their order.
 * Whatever isn't always needed is made when it is asked for.
 */
export class Supervisor implements ExecutionCallbacks, LogSource, Linked<Supervisor> {
  /** In its executor's list. */
  previous: Supervisor | undefined;
  next: Supervisor | undefined;
  readonly number = nextNumber();
  readonly plan: SpawnPlan;
  readonly host: Host;
  readonly log: EventLog;
  readonly startedAt = Date.now();
  execution!: Executing;
  /** Somebody waits for the end: what nobody reads is drained. */
  draining = false;
  /** Nothing more can be written. */
  stdinClosed = false;
  /** Told when that happens. */
  onStdinGone: (() => void) | undefined;
  onStarted?: (pid: number) => void;
  onStreamEnd?: (stream: StreamNumber) => void;
  /** `run` reads by these; nobody else can then. */
  stdoutSink: Sink | undefined;
  stderrSink: Sink | undefined;
  /** The handle that writes to stdin. */
  writer: object | undefined;
  #attachments: readonly Attachment[] = NONE;
  #endTargets: EndTarget[] | undefined;
  /** The executor's, from the end on. */
  retention: Retention | undefined;
  #heldPipe: Deadline | undefined;

  constructor(plan: SpawnPlan, host: Host) {
    const { stdout = 'pipe', stderr = 'pipe' } = plan.request;
    this.plan = plan;
    this.host = host;
    const streams = { stdout: stdout === 'pipe', stderr: stderr === 'pipe' };
    this.log = new EventLog(this, streams, plan.retainBytes ?? host.retainBytes);
  }

  get id(): string {
    return this.plan.id ?? executionId(this.number);
  }

  /** Must be called before the engine can call back. */
  begin(execution: Executing): void {
    this.execution = execution;
    const { signal, request } = this.plan;
    if (signal !== undefined && !signal.aborted) watchAbort(signal, this);
    if (startChannel.hasSubscribers) {
      const { file, args = [], cwd } = request;
      startChannel.publish({ id: this.id, file, args, cwd });
    }
  }

  /** Before the first event only: the engine then reports the end of each stream as it comes, not with Exit. */
  wantStreamEnds(): void {
    this.onStreamEnd = (number) => {
      const stream = this.log.stream(number);
      if (stream === null) return;
      this.#endStream(stream, this.#closedError());
      this.#wake();
    };
  }

  beforeEnd(target: EndTarget): void {
    this.#endTargets ??= [];
    this.#endTargets.push(target);
  }

  attach(attachment: Attachment): void {
    this.#attachments = [...this.#attachments, attachment];
  }

  detach(attachment: Attachment): void {
    this.#attachments = this.#attachments.filter((other) => other !== attachment);
  }

  drain(): void {
    if (this.draining) return;
    this.draining = true;
    for (const attachment of this.#attachments) attachment.drain();
  }

  /** The facts of the exit, from Exit on: the same object for everybody. */
  facts(): ExitInfo {
    const info = this.execution.info as ExitInfo;
    if (!Object.isFrozen(info)) {
      this.drain();
      this.#freeze(info);
    }
    return info;
  }

  /** Lets the log go. What a reader holds stays his. */
  evict(why: () => LastbyteError): void {
    // What goes now has been kept as long as was asked for: it doesn't count as dropped.
    const { info } = this.execution;
    if (info !== undefined && !Object.isFrozen(info)) this.#freeze(info);
    this.log.evict(why);
  }

  /** The executor was closed: nothing can be read any more. */
  close(why: () => LastbyteError): void {
    this.evict(why);
    this.log.fail(why);
  }

  onStdout(chunk: Buffer): void {
    this.#output(this.log.stdout as StreamLog, chunk, this.stdoutSink);
  }

  onStderr(chunk: Buffer): void {
    this.#output(this.log.stderr as StreamLog, chunk, this.stderrSink);
  }

  onStdinClosed(): void {
    this.stdinClosed = true;
    this.onStdinGone?.();
  }

  onReaped(info: ExitInfo): void {
    this.#countDropped(info);
    this.log.reaped(info);
    this.#flush();
    if (reapedChannel.hasSubscribers) reapedChannel.publish({ id: this.id, info });
    if (heldPipeChannel.hasSubscribers)
      this.#heldPipe = deadlines.add(HELD_PIPE_AFTER_MS, () => void this.#reportHeldPipe());
  }

  onExit(): void {
    if (this.#heldPipe !== undefined) deadlines.delete(this.#heldPipe);
    this.#flush();
    const info = this.execution.info as ExitInfo;
    this.#countDropped(info);
    this.log.exit(info);
    this.#end(this.#closedError());
    this.#flush();
    if (exitChannel.hasSubscribers) exitChannel.publish({ id: this.id, info: this.facts() });
    this.host.settled(this);
  }

  onStartFailed(error: LastbyteError): void {
    Object.assign(error, { id: this.id });
    const { signal } = this.plan;
    if (error.code === 'ECANCELED' && signal?.aborted) {
      Object.defineProperty(error, 'cause', { value: signal.reason, configurable: true, writable: true });
    }
    this.log.fail(() => error);
    this.#end(error);
    if (startFailedChannel.hasSubscribers) startFailedChannel.publish({ id: this.id, error });
    this.host.settled(this);
  }

  /** The signal of the options was aborted. */
  aborted(): void {
    const { killSignal, killAfterMs } = this.plan.request;
    this.execution.terminate('aborted', killSignal, killAfterMs);
  }

  #output(stream: StreamLog, chunk: Buffer, sink: Sink | undefined): void {
    stream.append(chunk);
    sink?.accept(chunk);
    this.#wake();
    // Before the log lets anything go: who waits for the next event is not behind.
    this.log.changed();
    stream.settle();
  }

  #wake(): void {
    for (const attachment of this.#attachments) attachment.wake();
  }

  #flush(): void {
    for (const attachment of this.#attachments) attachment.flush();
  }

  /** Of a stream that ends when the engine has been closed: nobody knows what else would have come. */
  #closedError(): ClosedError | undefined {
    return this.execution.closed ? new ClosedError('The engine was closed', { id: this.id }) : undefined;
  }

  #endStream(stream: StreamLog | null, error: LastbyteError | undefined): void {
    if (stream === null || stream.ended) return;
    stream.ended = true;
    stream.error = error;
  }

  #end(error: LastbyteError | undefined): void {
    if (this.plan.signal !== undefined) unwatchAbort(this.plan.signal, this);
    this.#endStream(this.log.stdout, error);
    this.#endStream(this.log.stderr, error);
    for (const attachment of this.#attachments) {
      attachment.stdout?.wake();
      attachment.stderr?.wake();
    }
    for (const target of this.#endTargets ?? []) target.ended(this.execution.startError);
    // What they have collected is theirs alone: the log outlives them.
    this.#endTargets = undefined;
    this.stdoutSink = undefined;
    this.stderrSink = undefined;
  }

  #countDropped({ dropped }: ExitInfo): void {
    const { stdout, stderr } = this.log;
    if (stdout !== null) dropped.stdout = stdout.dropped;
    if (stderr !== null) dropped.stderr = stderr.dropped;
  }

  #freeze(info: ExitInfo): void {
    const { stdout, stderr } = this.log;
    const { dropped } = info;
    if (dropped.stdout !== (stdout?.dropped ?? 0) || dropped.stderr !== (stderr?.dropped ?? 0)) {
      // What has been told as Reaped stays as it was told.
      if (this.log.reapedInfo === info) this.log.reapedInfo = { ...info };
      info.dropped = this.log.dropped();
    }
    Object.freeze(info.dropped);
    Object.freeze(info.usage);
    Object.freeze(info);
  }

  async #reportHeldPipe(): Promise<void> {
    const { stdout, stderr } = this.log;
    const streams = [stdout, stderr].flatMap((stream) => (stream === null || stream.ended ? [] : [stream.name]));
    const holders = await heldBy(this).catch(() => []);
    if (this.log.closed) return;
    const { pid } = this.execution;
    heldPipeChannel.publish({ id: this.id, pid, streams, heldBy: holders, forMs: HELD_PIPE_AFTER_MS });
  }
}
