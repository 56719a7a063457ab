import { ClosedError, InvalidArgumentError, type LastbyteError, StatusLostError } from '../errors.js';
import { Cause } from '../native/contract.js';
import type { EngineLoop } from './engine-loop.js';
import type { ExitInfo } from './exit-info.js';
import { checkMilliseconds, checkSignal, DEFAULT_WINDOW_BYTES, type ExecutionRequest } from './request.js';
import type { Signal } from './signals.js';

/** What happens to an execution, in order; each callback is optional. They run on the thread that called `execute`. */
export interface ExecutionCallbacks {
  onStarted?(pid: number): void;
  /** Instead of all the others. */
  onStartFailed?(error: LastbyteError): void;
  /** The chunk is yours to keep. Without this callback the bytes are read and thrown away. */
  onStdout?(chunk: Buffer): void;
  onStderr?(chunk: Buffer): void;
  /** A stream's pipe has ended: 1 stdout, 2 stderr. All its bytes came before. */
  onStreamEnd?(stream: 1 | 2): void;
  /** Nothing more can be written to stdin: `end()` was carried out (null), or the child closed it (EPIPE). */
  onStdinClosed?(errno: number | null): void;
  /** The leader's status is known; its output may still come. */
  onReaped?(info: ExitInfo): void;
  /** The terminal event, once: everything that the child wrote has been delivered. */
  onExit?(info: ExitInfo): void;
}

export type WaitCallback = (error: LastbyteError | null, info?: ExitInfo) => void;
export type WriteCallback = (errno: number | null) => void;

/** Which output stream: 1 stdout, 2 stderr. */
export type StreamNumber = 1 | 2;

/** One child process, as `execute` returns it. Its methods never block and never throw for what the child does. */
export class Execution {
  readonly id: number;
  readonly request: ExecutionRequest;
  readonly callbacks: ExecutionCallbacks;
  /** Undefined until Started has been delivered. */
  pid: number | undefined;
  /** Set when Exit has been delivered. */
  info: ExitInfo | undefined;
  /** @internal Waiters from before Exit was delivered that have not been answered. */
  openWaiters = 0;
  /** Set when StartFailed has been delivered. */
  startError: LastbyteError | undefined;
  readonly #loop: EngineLoop;
  readonly #window: number;
  readonly #manualCredit: boolean;
  /** Bytes consumed and not yet given back to the pump, of stdout and stderr. */
  readonly #unacknowledged: [number, number] = [0, 0];
  #referenced = true;

  /** @internal Use `execute`. */
  constructor(loop: EngineLoop, id: number, request: ExecutionRequest, callbacks: ExecutionCallbacks) {
    this.id = id;
    this.request = request;
    this.callbacks = callbacks;
    this.#loop = loop;
    this.#window = request.windowBytes ?? DEFAULT_WINDOW_BYTES;
    this.#manualCredit = request.credit === 'manual';
  }

  get settled(): boolean {
    return this.info !== undefined || this.startError !== undefined;
  }

  /** @internal The engine has been closed: what comes now comes of that. */
  get closed(): boolean {
    return this.#loop.closed;
  }

  get referenced(): boolean {
    return this.#referenced;
  }

  /** Calls back once, after Exit (or after the start has failed), however late it is registered. */
  wait(callback: WaitCallback): void {
    if (typeof callback !== 'function') throw new InvalidArgumentError('callback', 'a function', callback);
    this.#loop.addWaiter(this, callback);
  }

  /** @internal The engine's answer to one waiter. */
  answer(callback: WaitCallback, closed: boolean): void {
    if (closed) callback(new ClosedError('The engine was closed while this execution was waited for'));
    else if (this.startError !== undefined) callback(this.startError);
    else if (this.info?.reason === 'unknown') callback(new StatusLostError(this.info));
    else callback(null, this.info as ExitInfo);
  }

  /**
   * Queues bytes for the child's stdin and calls back when the pipe has taken them (null) or never will (an errno).
   * Doesn't wait and doesn't copy large chunks: leave them unchanged until then.
   */
  write(data: Uint8Array, callback?: WriteCallback): void {
    if (!(data instanceof Uint8Array)) throw new InvalidArgumentError('data', 'a Uint8Array', data);
    this.#loop.write(this, data, callback);
  }

  /** Closes stdin once everything that was written before has been taken. */
  end(): void {
    this.#loop.native.end(this.id);
  }

  /**
   * Sends a signal: to the whole group where the child leads its own, else to the child. Before the start it takes
   * effect too: the child isn't started, or gets the signal as soon as it exists. False where nobody can get it any more.
   */
  kill(signal: Signal | number = 'SIGTERM'): boolean {
    return this.#loop.native.kill(this.id, checkSignal('signal', signal, true));
  }

  /** The ladder: `killSignal` now, SIGKILL to the whole group after `graceMs`. */
  terminate(
    reason: 'timedOut' | 'aborted' | 'killed' = 'killed',
    killSignal: Signal = 'SIGTERM',
    graceMs = 2000,
  ): boolean {
    const signal = checkSignal('killSignal', killSignal, false);
    return this.#loop.native.terminate(this.id, Cause[reason], signal, checkMilliseconds('graceMs', graceMs));
  }

  /** Stops reading a stream (both, without an argument): the child is held back when its pipe is full. */
  pause(stream?: StreamNumber): void {
    this.#setPaused(stream, true);
  }

  resume(stream?: StreamNumber): void {
    this.#setPaused(stream, false);
  }

  #setPaused(stream: StreamNumber | undefined, paused: boolean): void {
    if (stream !== 2) this.#loop.native.pause(this.id, 1, paused);
    if (stream !== 1) this.#loop.native.pause(this.id, 2, paused);
  }

  /** Closes the read end of a stream: who writes there from now on gets EPIPE. */
  cancel(stream: StreamNumber): void {
    this.#loop.native.cancel(this.id, stream);
  }

  /**
   * Gives back credit for bytes that have been used up. Only with `credit: 'manual'`; otherwise a chunk counts as used
   * up when its callback has returned.
   */
  consumed(stream: StreamNumber, bytes: number): void {
    const slot = stream - 1;
    const sum = (this.#unacknowledged[slot] as number) + bytes;
    // Half a window: the pump never runs dry, and short outputs cost no call at all.
    if (sum * 2 < this.#window) {
      this.#unacknowledged[slot] = sum;
      return;
    }
    this.#unacknowledged[slot] = 0;
    this.#loop.native.grant(this.id, stream, sum);
  }

  /**
   * Lends a chunk's memory to the engine for the next chunks, now instead of when the garbage collector finds it: worth
   * it for hundreds of megabytes. Nobody may read or write the chunk, or anything that shares its memory, afterwards.
   */
  release(chunk: Buffer): void {
    this.#loop.native.recycle(chunk);
  }

  /** Somebody waits for Started: it is delivered at once instead of riding along with the next event. */
  expectStarted(): void {
    if (this.pid === undefined && !this.settled) this.#loop.native.expectStarted(this.id);
  }

  /** The inode of a stream's pipe, by which /proc tells who holds it; 0 where the stream has ended, or is none. proc(5) */
  pipeInode(stream: StreamNumber): number {
    return this.#loop.native.pipeInode(this.id, stream);
  }

  /** The event loop stays alive while this execution lives (the default). */
  ref(): void {
    if (!this.#referenced) {
      this.#referenced = true;
      this.#loop.referenceChanged(this);
    }
  }

  /**
   * The event loop may end while this execution lives; at the main thread's exit it is left running. A worker leaves
   * nothing behind.
   */
  unref(): void {
    if (this.#referenced) {
      this.#referenced = false;
      this.#loop.referenceChanged(this);
    }
  }

  /** @internal */
  deliver(stream: StreamNumber, chunk: Buffer): void {
    if (!this.#manualCredit) this.consumed(stream, chunk.length);
    if (stream === 1) this.callbacks.onStdout?.(chunk);
    else this.callbacks.onStderr?.(chunk);
  }
}
