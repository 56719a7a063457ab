import { EngineLoop } from './engine/engine-loop.js';
import { Execution, type ExecutionCallbacks } from './engine/execution.js';
import { type ExecutionRequest, submit } from './engine/request.js';
import type { NativeStats } from './native/contract.js';

export type {
  ExecutionCallbacks,
  StreamNumber,
  WaitCallback,
  WriteCallback,
} from './engine/execution.js';
export { Execution } from './engine/execution.js';
export type { ExitInfo, ExitReason } from './engine/exit-info.js';
export type {
  DrainPolicy,
  ExecutionRequest,
  InputFile,
  InputOption,
  OutputFile,
  OutputOption,
  StdioOption,
} from './engine/request.js';
export type { Signal } from './engine/signals.js';
export type { SpawnStage } from './engine/start-error.js';

export interface EngineOptions {
  /** Copy all output into JavaScript's own memory, as in hosts that refuse external buffers (Electron). */
  copyOutput?: boolean;
}

/** A set of executions that is closed together. The native threads are shared by all engines of the process. */
export class Engine {
  readonly #options: EngineOptions;
  #loop: EngineLoop | undefined;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
  }

  get #open(): EngineLoop {
    this.#loop ??= new EngineLoop(this.#options);
    return this.#loop;
  }

  /**
   * Starts a child and calls back for what happens to it. Returns at once: making pipes, forking and exec are done by
   * another thread. Throws InvalidArgumentError for a malformed request and ClosedError after `close`; what the system
   * says comes to `onStartFailed`.
   */
  execute(request: ExecutionRequest, callbacks: ExecutionCallbacks = {}): Execution {
    const loop = this.#open;
    loop.assertOpen();
    const id = loop.nextId();
    const execution = new Execution(loop, id, request, callbacks);
    submit(loop, id, request, {
      startedNow: callbacks.onStarted !== undefined,
      streamEnds: callbacks.onStreamEnd !== undefined,
    });
    loop.add(execution);
    return execution;
  }

  /**
   * A pipe of the kernel, from one child to another: its read end and its write end, to be given as `stdin` and `stdout`,
   * and then closed. Throws LastbyteError with the system's code (EMFILE …), ClosedError. pipe(2)
   */
  pipe(): [readEnd: number, writeEnd: number] {
    this.#open.assertOpen();
    return this.#open.pipe();
  }

  /** @internal A duplicate of a descriptor, for the caller to close; −1 where there is none. */
  duplicate(descriptor: number): number {
    return this.#open.native.duplicate(descriptor);
  }

  /**
   * Ends what runs (SIGKILL, reason `closed`), rejects every open waiter with ClosedError, and resolves when all
   * executions have settled. Nothing can be started afterwards. A second call does nothing.
   */
  close(): Promise<void> {
    return this.#open.close();
  }

  /** Figures of the native engine, for monitoring. Throws ClosedError after `close`. */
  stats(): NativeStats {
    this.#open.assertOpen();
    return this.#open.native.stats();
  }
}

/** This thread's default engine; `spawn` and `run` use it. */
export const engine = new Engine();

/** `execute` of this thread's default engine. */
export function execute(request: ExecutionRequest, callbacks?: ExecutionCallbacks): Execution {
  return engine.execute(request, callbacks);
}
