import {
  type Engine,
  type Execution,
  type ExecutionCallbacks,
  type ExecutionRequest,
  type ExitInfo,
  engine,
} from 'lastbyte/engine';
import { afterEach, expect } from 'vitest';
import { PatternCheck } from './pattern.js';

/** One output stream as it was delivered. */
class RecordedStream extends PatternCheck {
  readonly #chunks: Buffer[] | undefined;

  constructor(stream: 1 | 2, keep: boolean) {
    super(stream);
    if (keep) this.#chunks = [];
  }

  override add(chunk: Buffer): void {
    super.add(chunk);
    this.#chunks?.push(chunk);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks ?? []);
  }

  get text(): string {
    return this.bytes.toString();
  }
}

export interface RecordOptions {
  /** Default: this thread's. */
  engine?: Engine;
  /** Called after the event has been written down. */
  on?: ExecutionCallbacks;
  /** False: the bytes are compared with the pattern and thrown away. */
  keep?: boolean;
}

/**
 * An execution and the log of its events, a letter each: S started, F start failed, o stdout, e stderr, r reaped,
 * X exit, W an answered wait, C a wait that was rejected because the engine was closed. After each test, the log of every recording in it is held against the contract.
 */
export class Recording {
  log = '';
  readonly stdout: RecordedStream;
  readonly stderr: RecordedStream;
  readonly execution: Execution;
  reaped: ExitInfo | undefined;
  /** What Exit says; rejected where the start has failed. */
  readonly exit: Promise<ExitInfo>;
  readonly #watchers = new Set<() => void>();

  constructor(request: ExecutionRequest, options: RecordOptions) {
    const { on = {}, keep = true } = options;
    this.stdout = new RecordedStream(1, keep);
    this.stderr = new RecordedStream(2, keep);
    let resolveExit: (info: ExitInfo) => void;
    let rejectExit: (error: Error) => void;
    this.exit = new Promise((resolve, reject) => {
      resolveExit = resolve;
      rejectExit = reject;
    });
    this.exit.catch(() => {});
    this.execution = (options.engine ?? engine).execute(request, {
      ...on,
      onStarted: (pid) => this.#write('S', () => on.onStarted?.(pid)),
      onStartFailed: (error) => {
        rejectExit(error);
        this.#write('F', () => on.onStartFailed?.(error));
      },
      onStdout: (chunk) => {
        this.stdout.add(chunk);
        this.#write('o', () => on.onStdout?.(chunk));
      },
      onStderr: (chunk) => {
        this.stderr.add(chunk);
        this.#write('e', () => on.onStderr?.(chunk));
      },
      onReaped: (info) => {
        this.reaped = info;
        this.#write('r', () => on.onReaped?.(info));
      },
      onExit: (info) => {
        resolveExit(info);
        this.#write('X', () => on.onExit?.(info));
      },
    });
    recordings.push(this);
  }

  get pid(): number {
    return this.execution.pid as number;
  }

  /** Registers a waiter now. */
  wait(): Promise<ExitInfo> {
    return new Promise((resolve, reject) => {
      this.execution.wait((error, info) => {
        const letter = error?.code === 'ERR_LASTBYTE_CLOSED' ? 'C' : 'W';
        this.#write(letter, () => (error === null ? resolve(info as ExitInfo) : reject(error)));
      });
    });
  }

  /** Resolves as soon as an event has made the condition true. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  #write(letter: string, callback: () => void): void {
    this.log += letter;
    try {
      callback();
    } finally {
      for (const look of [...this.#watchers]) look();
    }
  }
}

const recordings: Recording[] = [];

/** Starts a child with everything that happens to it written down. */
export function record(request: ExecutionRequest, options: RecordOptions = {}): Recording {
  return new Recording(request, options);
}

/** The contract's order of events, of an execution that has settled. A closed engine rejects waiters at any time. */
export function expectContract(events: string): void {
  const log = events.replaceAll('C', '');
  if (log.startsWith('F')) {
    expect(log).toMatch(/^FW*$/);
    return;
  }
  expect(log, 'Reaped comes once, between Started and Exit').toMatch(/^S[^r]*r[^r]*X[^r]*$/);
  expect(log.replace('r', '')).toMatch(/^S[oe]*XW*$/);
}

afterEach(() => {
  const all = recordings.splice(0);
  const unsettled = all.filter(({ execution }) => !execution.settled);
  for (const { execution } of unsettled) execution.kill('SIGKILL');
  expect(
    unsettled.map(({ log }) => log),
    'executions that the test has left unsettled',
  ).toEqual([]);
  for (const { log } of all) expectContract(log);
});
