import type { StreamNumber } from '../../lib/engine/execution.js';
import type { LastbyteError } from '../../lib/errors.js';
import { EventLog, type LogSource } from '../../lib/log/event-log.js';
import { type Cursor, StreamLog } from '../../lib/log/stream-log.js';
import type { ExitInfo } from '../../lib/shared/facts.js';

/** What an execution is told of its streams: credit given back, and pipes closed. */
export class FakePump {
  readonly credit = { 1: 0, 2: 0 };
  readonly cancelled: StreamNumber[] = [];

  consumed(stream: StreamNumber, bytes: number): void {
    this.credit[stream] += bytes;
  }

  cancel(stream: StreamNumber): void {
    this.cancelled.push(stream);
  }
}

/** One stream without the rest of the execution. */
export function fakeStream(retainBytes: number) {
  const pump = new FakePump();
  const owner = { seq: 0, sealed: 0, execution: pump };
  const stream = new StreamLog(owner, 1, retainBytes);
  return {
    stream,
    owner,
    pump,
    get credit() {
      return pump.credit[1];
    },
    receive(chunk: Buffer | string) {
      stream.append(bytes(chunk));
      stream.settle();
    },
    /** Takes, as a reader who is not behind does it. */
    take(cursor: Cursor) {
      const chunk = stream.take(cursor);
      stream.moved();
      return chunk;
    },
  };
}

export const exitInfo: ExitInfo = {
  pid: 1,
  code: 0,
  signal: null,
  reason: 'exited',
  outputComplete: true,
  dropped: { stdout: 0, stderr: 0 },
  durationMs: 1,
  usage: { userMs: 0, systemMs: 0, maxRssBytes: 0 },
};

/** An event log, and the execution that is logged, played by the test. */
export class FakeExecution implements LogSource {
  readonly id = 'test-1';
  readonly execution = new FakePump();
  readonly log: EventLog;

  constructor({ retainBytes = 1000, stdout = true, stderr = true } = {}) {
    this.log = new EventLog(this, { stdout, stderr }, retainBytes);
  }

  facts(): ExitInfo {
    return exitInfo;
  }

  drain(): void {}

  out(chunk: Buffer | string): void {
    this.#output(1, chunk);
  }

  err(chunk: Buffer | string): void {
    this.#output(2, chunk);
  }

  reap(): void {
    this.log.reaped(exitInfo);
  }

  exit(): void {
    this.log.exit(exitInfo);
  }

  fail(error: LastbyteError): void {
    this.log.fail(() => error);
  }

  #output(number: StreamNumber, chunk: Buffer | string): void {
    const stream = this.log.stream(number) as StreamLog;
    stream.append(bytes(chunk));
    this.log.changed();
    stream.settle();
  }
}

const bytes = (chunk: Buffer | string) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk);

/** A chunk that is long enough never to be joined with another one. */
export const large = (fill: string, length = 5000): Buffer => Buffer.alloc(length, fill);
