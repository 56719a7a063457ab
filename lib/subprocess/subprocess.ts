import { InvalidArgumentError } from '../errors.js';
import type { ExitInfo, Signal } from '../shared/facts.js';
import { ByteStream } from './byte-stream.js';
import { checkAbortSignal, checkOptions } from './check-options.js';
import type { ChunkListener, Output } from './output.js';
import { startedPromise } from './started.js';
import { connectStdin, type StdinStream } from './stdin.js';
import type { ExitListener, Supervisor } from './supervisor.js';
import { Waits } from './wait.js';

export interface WaitOptions {
  /** Gives this `wait` up: it rejects with AbortError, and the child isn't touched. */
  signal?: AbortSignal | undefined;
}

export interface TerminateOptions {
  /** From `killSignal` to SIGKILL for the whole group, in milliseconds (0…2³¹−1); default: `killAfterMs`. */
  graceMs?: number | undefined;
}

/**
 * A child, from before its start until long after its end. What goes wrong is told by `started`, by `wait()` and by the
 * streams' readers, to whom it may concern: a failure that nobody asks for is no unhandled rejection.
 */
export class Subprocess implements AsyncDisposable {
  readonly #supervisor: Supervisor;
  readonly #waits: Waits;
  #started: Promise<number> | undefined;
  #stdin: StdinStream | undefined;
  #stdout: ByteStream | undefined;
  #stderr: ByteStream | undefined;

  /** @internal Use `spawn`. */
  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
    this.#waits = new Waits(supervisor);
  }

  /** Unlike that of any other execution, also of other processes. */
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
   * The child's stdin where it is 'pipe' (and isn't fed with `input`), else null. `write` returns false when the child
   * doesn't keep up. `end()` closes the pipe. When the child closes its stdin or ends, what is still written fails: its
   * callback gets an error with code EPIPE, and `error` is emitted for those who listen; without a listener it is no crash.
   */
  get stdin(): StdinStream | null {
    this.#stdin ??= connectStdin(this.#supervisor);
    return this.#stdin ?? null;
  }

  /** What the child writes to stdout, where that is 'pipe'; else null. */
  get stdout(): ByteStream | null {
    const { stdout } = this.#supervisor;
    if (stdout !== null) this.#stdout ??= new ByteStream(stdout);
    return this.#stdout ?? null;
  }

  /** What the child writes to stderr, where that is 'pipe'; else null. */
  get stderr(): ByteStream | null {
    const { stderr } = this.#supervisor;
    if (stderr !== null) this.#stderr ??= new ByteStream(stderr);
    return this.#stderr ?? null;
  }

  /**
   * Calls back for each chunk with its number (events of an execution are numbered 1, 2, 3 … over output, reaped and
   * exit). Listeners take the bytes at once, so nothing slows the child. What was held for a reader comes first, after
   * this call has returned. Throws AttachedError where a `ByteStream` reader has the stream.
   */
  on(event: 'stdout' | 'stderr', listener: ChunkListener): this;
  /**
   * `reaped`: the child's status is known, its output may still come. `exit`: everything is over, and all output has been
   * passed on. Each comes once, to late listeners too; neither comes where the start failed (`wait` rejects). An `exit`
   * listener lets streams that nobody reads drain, as `wait` does.
   */
  on(event: 'reaped' | 'exit', listener: ExitListener): this;
  on(event: string, listener: ChunkListener | ExitListener): this {
    return this.#listen(event, listener, false);
  }

  /** `on`, for one event only. */
  once(event: 'stdout' | 'stderr', listener: ChunkListener): this;
  once(event: 'reaped' | 'exit', listener: ExitListener): this;
  once(event: string, listener: ChunkListener | ExitListener): this {
    return this.#listen(event, listener, true);
  }

  /** Takes back what `on` or `once` did. */
  off(event: 'stdout' | 'stderr', listener: ChunkListener): this;
  off(event: 'reaped' | 'exit', listener: ExitListener): this;
  off(event: string, listener: ChunkListener | ExitListener): this {
    if (event === 'reaped' || event === 'exit') this.#supervisor.unlisten(event, listener as ExitListener);
    else this.#supervisor.unlistenOutput(this.#output(event), listener as ChunkListener);
    return this;
  }

  /**
   * The facts, when everything is over: whatever the exit was, any number of times, at any time, the same for all. From
   * now on, streams that nobody reads are drained into their retained tail. Rejects with SpawnError (not started),
   * ClosedError (engine closed), StatusLostError, or AbortError (its own signal). waitpid(2)
   */
  wait(options: WaitOptions = {}): Promise<ExitInfo> {
    checkOptions(options, ['signal']);
    return this.#waits.wait(options.signal === undefined ? undefined : checkAbortSignal(options.signal));
  }

  /**
   * Sends a signal, by name or number (0 only probes), to the group where the child has its own. Before the start it
   * takes effect, too. False where nobody is left to get it. kill(2)
   */
  kill(signal: Signal | number = 'SIGTERM'): boolean {
    return this.#supervisor.execution.kill(signal);
  }

  /** Ends the child, with reason `killed`: `killSignal` now, SIGKILL to the whole group after `graceMs`. Then `wait()`. */
  terminate(options: TerminateOptions = {}): Promise<ExitInfo> {
    checkOptions(options, ['graceMs']);
    const { killSignal, killAfterMs } = this.#supervisor.plan.request;
    this.#supervisor.execution.terminate('killed', killSignal, options.graceMs ?? killAfterMs);
    return this.wait();
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

  /** For `await using`: terminates the child and waits. Never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate().catch(() => {});
  }

  #listen(event: string, listener: ChunkListener | ExitListener, once: boolean): this {
    if (typeof listener !== 'function') throw new InvalidArgumentError('listener', 'a function', listener);
    if (event === 'exit') this.#supervisor.listenExit(listener as ExitListener, once);
    else if (event === 'reaped') this.#supervisor.listenReaped(listener as ExitListener, once);
    else this.#supervisor.listenOutput(this.#output(event), listener as ChunkListener, once);
    return this;
  }

  #output(event: string): Output {
    if (event !== 'stdout' && event !== 'stderr') {
      throw new InvalidArgumentError('event', "'stdout', 'stderr', 'reaped' or 'exit'", event);
    }
    const output = this.#supervisor[event];
    if (output === null) throw new InvalidArgumentError('event', `another one: ${event} is not a pipe`, event);
    return output;
  }
}
