import { AttachedError, type DetachedError, InvalidArgumentError, UnsupportedError } from '../errors.js';
import type { ExecutionEvent } from '../log/event-log.js';
import { type EventsOptions, followEvents } from '../log/events.js';
import { type ReaderFailure, type ReadOptions, type ReadResult, readLog, readPlan } from '../log/read.js';
import type { ExitInfo, Signal } from '../shared/facts.js';
import { Attachment, type ExitListener, type LagListener, type Role } from './attachment.js';
import { ByteStream } from './byte-stream.js';
import { checkAbortSignal, checkOptions } from './check-options.js';
import { type Holder, heldBy } from './held-by.js';
import type { ChunkListener, Output } from './output.js';
import { startedPromise } from './started.js';
import { connectStdin, type StdinStream, type StdinTurn, stdinIsOpen } from './stdin.js';
import type { Supervisor } from './supervisor.js';
import { Waits } from './wait.js';

type AnyListener = ChunkListener | ExitListener | LagListener;

export interface WaitOptions {
  /** Gives this `wait` up: it rejects with AbortError, and the child isn't touched. */
  signal?: AbortSignal | undefined;
}

export interface TerminateOptions {
  /** From `killSignal` to SIGKILL for the whole group, in milliseconds (0…2³¹−1); default: `killAfterMs`. */
  graceMs?: number | undefined;
}

/**
 * A child, from before its start until long after its end, as one handle sees it: there may be others of the same
 * execution, by `attach`. What goes wrong is told by `started`, by `wait()` and by the streams' readers, to whom it may
 * concern: a failure that nobody asks for is no unhandled rejection.
 */
export class Subprocess implements AsyncDisposable {
  readonly #supervisor: Supervisor;
  readonly #role: Role;
  readonly #afterSeq: number;
  #attachment: Attachment | undefined;
  /** Who reads the log through this handle, to be told when it is detached. */
  #readers: Set<ReaderFailure> | undefined;
  #waits: Waits | undefined;
  #started: Promise<number> | undefined;
  #stdin: StdinTurn | undefined;
  #stdout: ByteStream | undefined;
  #stderr: ByteStream | undefined;

  /** @internal Use `spawn`, or `attach` of an executor. */
  constructor(supervisor: Supervisor, role: Role, afterSeq = 0) {
    this.#supervisor = supervisor;
    this.#role = role;
    this.#afterSeq = afterSeq;
    if (role === 'attach') supervisor.log.checkSeq(afterSeq);
    else supervisor.writer = this;
    // Who runs a command with `run` seldom looks at it: that handle's part is made when it is needed.
    if (role !== 'run') this.#attach();
  }

  /** As it was chosen, else unlike that of any other execution, also of other processes. */
  get id(): string {
    return this.#supervisor.id;
  }

  /** Undefined until the child has been started. Await `started` to have it. */
  get pid(): number | undefined {
    return this.#supervisor.execution.pid;
  }

  /** The pid, as soon as there is one; rejects with SpawnError where the start failed. */
  get started(): Promise<number> {
    this.#started ??= startedPromise(this.#supervisor);
    return this.#started;
  }

  /**
   * The child's stdin where it is 'pipe' (and isn't fed with `input`) and this handle is the one that writes, else null:
   * see `takeStdin`. `write` returns false when the child doesn't keep up. `end()` closes the pipe. When the child closes
   * its stdin or ends, what is still written fails: its callback gets an error with code EPIPE, and `error` is emitted
   * for those who listen; without a listener it is no crash.
   */
  get stdin(): StdinStream | null {
    const supervisor = this.#supervisor;
    if (supervisor.writer !== this || !stdinIsOpen(supervisor)) return null;
    this.#stdin ??= connectStdin(supervisor);
    return this.#stdin.stream;
  }

  /**
   * Makes this handle the one that writes to stdin; who started the child is at first. Throws AttachedError while another
   * one is, UnsupportedError where stdin isn't a pipe.
   */
  takeStdin(): StdinStream {
    this.#assertAttached();
    const supervisor = this.#supervisor;
    const { id } = supervisor;
    if (!stdinIsOpen(supervisor)) throw new UnsupportedError('stdin is not a pipe that can be written to', { id });
    if (supervisor.writer !== undefined && supervisor.writer !== this) {
      throw new AttachedError('Another handle writes to stdin, and has not handed it back', { id });
    }
    supervisor.writer = this;
    return this.stdin as StdinStream;
  }

  /**
   * Hands stdin back, open as it is, for another handle to take. Resolves when everything that was written has been taken
   * by the pipe; the old stream is then destroyed, with AttachedError.
   */
  async releaseStdin(): Promise<void> {
    const supervisor = this.#supervisor;
    if (supervisor.writer !== this) return;
    const turn = this.#stdin;
    if (turn !== undefined) await turn.release();
    // It may have been handed back, and have been taken again, while this call waited.
    if (supervisor.writer !== this || this.#stdin !== turn) return;
    this.#stdin = undefined;
    supervisor.writer = undefined;
  }

  /** What the child writes to stdout, where that is 'pipe'; else null. */
  get stdout(): ByteStream | null {
    if (this.#supervisor.log.stdout !== null) this.#stdout ??= new ByteStream(this.#reading.stdout as Output);
    return this.#stdout ?? null;
  }

  /** What the child writes to stderr, where that is 'pipe'; else null. */
  get stderr(): ByteStream | null {
    if (this.#supervisor.log.stderr !== null) this.#stderr ??= new ByteStream(this.#reading.stderr as Output);
    return this.#stderr ?? null;
  }

  /** Bytes that this handle's streams and listeners should have had and the log no longer did: see `retainBytes`. Exact. */
  get lag(): { readonly stdout: number; readonly stderr: number } {
    return this.#attachment?.lag ?? { stdout: 0, stderr: 0 };
  }

  /**
   * Calls back for each chunk with its number (events of an execution are numbered 1, 2, 3 … over output, reaped and
   * exit). Listeners take the bytes at once, so nothing slows the child. What is still there from before comes first, after
   * this call has returned. The bytes are shared with the log and with other readers: don't change them. Throws
   * AttachedError where a `ByteStream` reader has the stream, EvictedError.
   */
  on(event: 'stdout' | 'stderr', listener: ChunkListener): this;
  /**
   * `reaped`: the child's status is known, its output may still come. `exit`: everything is over, and all output has been
   * passed on. Each comes once, to late listeners too; neither comes where the start failed (`wait` rejects). An `exit`
   * listener lets streams that nobody reads drain, as `wait` does.
   */
  on(event: 'reaped' | 'exit', listener: ExitListener): this;
  /** Bytes that this handle was to get are no longer in the log; see `lag`. */
  on(event: 'lag', listener: LagListener): this;
  on(event: string, listener: AnyListener): this {
    return this.#listen(event, listener, false);
  }

  /** `on`, for one event only. */
  once(event: 'stdout' | 'stderr', listener: ChunkListener): this;
  once(event: 'reaped' | 'exit', listener: ExitListener): this;
  once(event: 'lag', listener: LagListener): this;
  once(event: string, listener: AnyListener): this {
    return this.#listen(event, listener, true);
  }

  /** Takes back what `on` or `once` did. */
  off(event: 'stdout' | 'stderr', listener: ChunkListener): this;
  off(event: 'reaped' | 'exit', listener: ExitListener): this;
  off(event: 'lag', listener: LagListener): this;
  off(event: string, listener: AnyListener): this {
    if (event === 'reaped' || event === 'exit' || event === 'lag') {
      this.#attachment?.unlisten(event, listener as ExitListener);
    } else {
      this.#output(event).unlisten(listener as ChunkListener);
    }
    return this;
  }

  /**
   * The facts, when everything is over: whatever the exit was, any number of times, at any time, the same for all. From
   * now on, streams that nobody reads are drained into their retained tail. Rejects with SpawnError (not started),
   * ClosedError (engine closed), StatusLostError, or AbortError (its own signal). waitpid(2)
   */
  wait(options: WaitOptions = {}): Promise<ExitInfo> {
    checkOptions(options, ['signal']);
    const signal = options.signal === undefined ? undefined : checkAbortSignal(options.signal);
    if (this.#detached !== undefined) return Promise.reject(this.#detached);
    this.#waits ??= new Waits(this.#supervisor);
    return this.#waits.wait(signal);
  }

  /**
   * What the log has behind `afterSeq`, up to `maxBytes`; where there is nothing yet, waits up to `waitMs` for the next
   * event. It doesn't hold the child back: what the log could not keep is counted in `lag`. Rejects with SpawnError,
   * EvictedError, ClosedError, DetachedError, or AbortError (its own signal).
   */
  async read(options: ReadOptions = {}): Promise<ReadResult> {
    checkOptions(options, ['afterSeq', 'maxBytes', 'waitMs', 'signal']);
    if (options.signal !== undefined) checkAbortSignal(options.signal);
    this.#assertAttached();
    this.#supervisor.drain();
    this.#readers ??= new Set();
    return readLog(this.#supervisor.log, readPlan(options, this.#afterSeq), this.#readers);
  }

  /**
   * All events in their order: those that the log still has, then those to come, up to Exit. Any number of readers get the
   * same ones, each at its own pace. What the log could not keep until the reader came for it is told by one `lag` event
   * with the exact number of bytes. Leaving the loop touches nothing. The iteration throws what `read` rejects with.
   */
  events(options: EventsOptions = {}): AsyncIterableIterator<ExecutionEvent, undefined> {
    checkOptions(options, ['afterSeq', 'lossless']);
    const { afterSeq = this.#afterSeq, lossless = false } = options;
    if (typeof lossless !== 'boolean') throw new InvalidArgumentError('lossless', 'a boolean', lossless);
    this.#assertAttached();
    this.#readers ??= new Set();
    const events = followEvents(this.#supervisor.log, afterSeq, lossless, this.#readers);
    this.#supervisor.drain();
    return events;
  }

  /**
   * Sends a signal, by name or number (0 only probes), to the group where the child has its own. Before the start it
   * takes effect, too. False where nobody is left to get it. kill(2)
   */
  kill(signal: Signal | number = 'SIGTERM'): boolean {
    this.#assertAttached();
    return this.#supervisor.execution.kill(signal);
  }

  /** Ends the child, with reason `killed`: `killSignal` now, SIGKILL to the whole group after `graceMs`. Then `wait()`. */
  terminate(options: TerminateOptions = {}): Promise<ExitInfo> {
    checkOptions(options, ['graceMs']);
    if (this.#detached !== undefined) return Promise.reject(this.#detached);
    const { killSignal, killAfterMs } = this.#supervisor.plan.request;
    this.#supervisor.execution.terminate('killed', killSignal, options.graceMs ?? killAfterMs);
    return this.wait();
  }

  /**
   * The processes that hold an output pipe of this execution open, at this moment: after `reaped`, those that keep Exit from
   * coming. Only those that this process may look at; empty when all pipes have ended. Rejects with UnsupportedError where
   * there is no /proc (macOS).
   */
  async heldBy(): Promise<Holder[]> {
    this.#assertAttached();
    return heldBy(this.#supervisor);
  }

  /** The event loop stays alive while this execution lives (the default). */
  ref(): this {
    this.#supervisor.execution.ref();
    return this;
  }

  /** The event loop may end while this execution lives; the child is then left running. */
  unref(): this {
    this.#supervisor.execution.unref();
    return this;
  }

  /**
   * Lets go of the execution, which goes on: this handle's readers and open `wait`s fail with DetachedError, its listeners
   * are forgotten, and stdin is handed back. Resolves when that has been done (see `releaseStdin`).
   */
  async detach(): Promise<void> {
    if (this.#detached === undefined) {
      const attachment = this.#reading;
      attachment.detach();
      this.#supervisor.detach(attachment);
      const error = attachment.detached as DetachedError;
      for (const fail of this.#readers ?? []) fail(error);
      this.#waits?.reject(error);
    }
    await this.releaseStdin();
  }

  /** Ends the execution, as `terminate` does, and lets its log go as soon as it has ended. */
  close(): Promise<ExitInfo> {
    if (this.#detached !== undefined) return Promise.reject(this.#detached);
    const supervisor = this.#supervisor;
    const ended = this.terminate();
    supervisor.host.evict(supervisor);
    return ended;
  }

  /** For `await using`: who started the child terminates it and waits, others detach. Never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#role === 'attach' ? this.detach() : this.terminate()).catch(() => {});
  }

  get #detached(): DetachedError | undefined {
    return this.#attachment?.detached;
  }

  get #reading(): Attachment {
    return this.#attachment ?? this.#attach();
  }

  #attach(): Attachment {
    this.#attachment = new Attachment(this.#supervisor, this.#role, this.#afterSeq);
    this.#supervisor.attach(this.#attachment);
    return this.#attachment;
  }

  #assertAttached(): void {
    if (this.#detached !== undefined) throw this.#detached;
  }

  #listen(event: string, listener: AnyListener, once: boolean): this {
    if (typeof listener !== 'function') throw new InvalidArgumentError('listener', 'a function', listener);
    this.#assertAttached();
    const reading = this.#reading;
    if (event === 'exit') reading.listenExit(listener as ExitListener, once);
    else if (event === 'reaped') reading.listenReaped(listener as ExitListener, once);
    else if (event === 'lag') reading.listenLag(listener as LagListener, once);
    else reading.listenOutput(this.#output(event), listener as ChunkListener, once);
    return this;
  }

  #output(event: string): Output {
    if (event !== 'stdout' && event !== 'stderr') {
      throw new InvalidArgumentError('event', "'stdout', 'stderr', 'reaped', 'exit' or 'lag'", event);
    }
    const output = this.#reading[event];
    if (output === null) throw new InvalidArgumentError('event', `another one: ${event} is not a pipe`, event);
    return output;
  }
}
