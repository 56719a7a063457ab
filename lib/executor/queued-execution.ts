import { constants } from 'node:os';
import type { Execution, ExecutionCallbacks, StreamNumber, WaitCallback, WriteCallback } from '../engine/execution.js';
import { checkMilliseconds, checkSignal, type ExecutionRequest } from '../engine/request.js';
import { InvalidArgumentError, type LastbyteError, SpawnError } from '../errors.js';
import type { ExitInfo, Signal } from '../shared/facts.js';
import type { Executing } from '../subprocess/executing.js';
import type { OwnDescriptors } from './own-descriptors.js';
import type { StartQueue } from './start-queue.js';

type Start = (request: ExecutionRequest, callbacks: ExecutionCallbacks) => Execution;

/**
 * An execution that waits for its turn, and then stands for the one that the engine has. What is asked of it before it has
 * been started is kept until then, since a start that the system refuses is tried again.
 */
export class QueuedExecution implements Executing, ExecutionCallbacks {
  readonly order: number;
  referenced = true;
  onStreamEnd?: (stream: StreamNumber) => void;
  readonly #queue: StartQueue;
  readonly #request: ExecutionRequest;
  /** Until it has been started: a start that is refused needs them again. */
  readonly #descriptors: OwnDescriptors;
  readonly #callbacks: ExecutionCallbacks;
  #execution: Execution | undefined;
  #started = false;
  #cancelled = false;
  #startError: LastbyteError | undefined;
  /** What is to be done when it has been started, and who is to be told if it never will. */
  #later: ((execution: Execution) => void)[] = [];
  #writes: WriteCallback[] = [];
  #waiters: WaitCallback[] = [];

  constructor(
    queue: StartQueue,
    order: number,
    request: ExecutionRequest,
    descriptors: OwnDescriptors,
    callbacks: ExecutionCallbacks,
  ) {
    this.#queue = queue;
    this.order = order;
    this.#request = request;
    this.#descriptors = descriptors;
    this.#callbacks = callbacks;
    if (callbacks.onStreamEnd !== undefined) this.onStreamEnd = (stream) => callbacks.onStreamEnd?.(stream);
    if (request.cancelled) queueMicrotask(() => this.#waits && this.#cancel());
  }

  /** It waits for its turn. */
  get queued(): boolean {
    return this.#execution === undefined && this.#startError === undefined;
  }

  /** Nobody has said yet that it is not wanted any more. */
  get #waits(): boolean {
    return this.queued && !this.#cancelled;
  }

  get pid(): number | undefined {
    return this.#execution?.pid;
  }

  get info(): ExitInfo | undefined {
    return this.#execution?.info;
  }

  get startError(): LastbyteError | undefined {
    return this.#startError;
  }

  get closed(): boolean {
    return this.#execution?.closed ?? false;
  }

  get settled(): boolean {
    return this.info !== undefined || this.#startError !== undefined;
  }

  start(execute: Start): void {
    let execution: Execution;
    try {
      execution = execute(this.#request, this);
    } catch (error) {
      // The engine has been closed meanwhile.
      this.fail(error as LastbyteError);
      this.#queue.failed(this);
      return;
    }
    this.#execution = execution;
    if (!this.referenced) execution.unref();
    if (this.#later.length > 0 || this.#callbacks.onStarted !== undefined) execution.expectStarted();
  }

  /** The engine has been closed: it answers those who wait. */
  close(): void {
    for (const callback of this.#waiters.splice(0)) this.#execution?.wait(callback);
  }

  /** It will never be started. */
  fail(error: LastbyteError): void {
    this.#startError = error;
    this.#execution = undefined;
    this.#descriptors.close();
    this.#later = [];
    this.#callbacks.onStartFailed?.(error);
    for (const callback of this.#writes.splice(0)) callback(constants.errno.EPIPE);
    for (const callback of this.#waiters.splice(0)) callback(error);
  }

  wait(callback: WaitCallback): void {
    if (typeof callback !== 'function') throw new InvalidArgumentError('callback', 'a function', callback);
    const error = this.#startError;
    if (error !== undefined) queueMicrotask(() => callback(error));
    else if (this.#started || this.closed) (this.#execution as Execution).wait(callback);
    else this.#waiters.push(callback);
  }

  write(data: Uint8Array, callback?: WriteCallback): void {
    if (this.#startError !== undefined) {
      if (callback !== undefined) queueMicrotask(() => callback(constants.errno.EPIPE));
      return;
    }
    if (!this.#started && callback !== undefined) this.#writes.push(callback);
    this.#whenStarted((execution) => execution.write(data, callback));
  }

  end(): void {
    this.#whenStarted((execution) => execution.end());
  }

  cancel(stream: StreamNumber): void {
    this.#whenStarted((execution) => execution.cancel(stream));
  }

  kill(signal: Signal | number = 'SIGTERM'): boolean {
    if (this.#execution !== undefined) {
      if (signal !== 0) this.#cancelled = true;
      return this.#execution.kill(signal);
    }
    const number = checkSignal('signal', signal, true);
    return this.#waits && (number === 0 || this.#cancel());
  }

  terminate(reason: 'timedOut' | 'aborted' | 'killed' = 'killed', killSignal?: Signal, graceMs?: number): boolean {
    if (this.#execution !== undefined) {
      this.#cancelled = true;
      return this.#execution.terminate(reason, killSignal, graceMs);
    }
    checkSignal('killSignal', killSignal ?? 'SIGTERM', false);
    checkMilliseconds('graceMs', graceMs ?? 0);
    return this.#waits && this.#cancel();
  }

  consumed(stream: StreamNumber, bytes: number): void {
    this.#execution?.consumed(stream, bytes);
  }

  pipeInode(stream: StreamNumber): number {
    return this.#execution?.pipeInode(stream) ?? 0;
  }

  expectStarted(): void {
    this.#execution?.expectStarted();
  }

  ref(): void {
    if (this.#waits && !this.referenced) this.#queue.reference(1);
    this.referenced = true;
    this.#execution?.ref();
  }

  unref(): void {
    if (this.#waits && this.referenced) this.#queue.reference(-1);
    this.referenced = false;
    this.#execution?.unref();
  }

  onStarted(pid: number): void {
    this.#started = true;
    this.#descriptors.close();
    const execution = this.#execution as Execution;
    this.#writes = [];
    for (const act of this.#later.splice(0)) act(execution);
    for (const callback of this.#waiters.splice(0)) execution.wait(callback);
    this.#callbacks.onStarted?.(pid);
    this.#queue.started(this);
  }

  onStartFailed(error: LastbyteError): void {
    this.#execution = undefined;
    if (!this.#cancelled && this.#queue.refused(this, error.code)) return;
    this.fail(error);
    this.#queue.failed(this);
  }

  onStdout(chunk: Buffer): void {
    this.#callbacks.onStdout?.(chunk);
  }

  onStderr(chunk: Buffer): void {
    this.#callbacks.onStderr?.(chunk);
  }

  onStdinClosed(errno: number | null): void {
    this.#callbacks.onStdinClosed?.(errno);
  }

  onReaped(info: ExitInfo): void {
    this.#callbacks.onReaped?.(info);
  }

  onExit(info: ExitInfo): void {
    this.#callbacks.onExit?.(info);
    this.#queue.ended();
  }

  #whenStarted(act: (execution: Execution) => void): void {
    if (this.#started) {
      act(this.#execution as Execution);
    } else if (this.#startError === undefined) {
      this.#later.push(act);
      this.#execution?.expectStarted();
    }
  }

  /** @returns true: nobody will start it */
  #cancel(): true {
    this.#cancelled = true;
    this.#queue.remove(this);
    const { file } = this.#request;
    const fields = { code: 'ECANCELED', errno: -constants.errno.ECANCELED, syscall: 'spawn', file };
    const error = new SpawnError(`'${file}' was killed before it was started`, { ...fields, stage: 'cancelled' });
    // As from the engine: never from within the call.
    queueMicrotask(() => this.fail(error));
    return true;
  }
}
