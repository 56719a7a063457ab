import { DetachedError, type LastbyteError } from '../errors.js';
import { cursorAfter } from '../log/log-reader.js';
import type { StreamLog } from '../log/stream-log.js';
import type { ExitInfo } from '../shared/facts.js';
import { Listeners } from './listeners.js';
import { type ChunkListener, Output, type OutputOwner } from './output.js';
import type { Supervisor } from './supervisor.js';

export type ExitListener = (info: ExitInfo) => void;
export type LagListener = (dropped: { stdout: number; stderr: number }) => void;

/** How a handle came to its execution. Who ran a command with `run` can only look on: `run` itself reads. */
export type Role = 'spawn' | 'run' | 'attach';

/** One handle's part in an execution: where it reads, and who listens, in the order of the events' numbers. */
export class Attachment implements OutputOwner {
  readonly supervisor: Supervisor;
  readonly role: Role;
  readonly stdout: Output | null;
  readonly stderr: Output | null;
  /** Bytes that its readers were to get and the log no longer had. */
  readonly lag = { stdout: 0, stderr: 0 };
  detached: DetachedError | undefined;
  #reaped: Listeners<[ExitInfo]> | undefined;
  #exit: Listeners<[ExitInfo]> | undefined;
  #lag: Listeners<[{ stdout: number; stderr: number }]> | undefined;
  /** Somebody came late and has yet to be told what was before. */
  #behind = false;

  constructor(supervisor: Supervisor, role: Role, afterSeq: number) {
    const { log } = supervisor;
    this.supervisor = supervisor;
    this.role = role;
    this.stdout = this.#open(log.stdout, afterSeq);
    this.stderr = this.#open(log.stderr, afterSeq);
  }

  get id(): string {
    return this.supervisor.id;
  }

  get draining(): boolean {
    return this.supervisor.draining;
  }

  get evicted(): LastbyteError | undefined {
    const { log } = this.supervisor;
    // Where the start failed or the executor was closed the stream itself ends with that.
    return log.failure === undefined ? log.evicted : undefined;
  }

  missed(stream: 'stdout' | 'stderr', bytes: number): void {
    this.lag[stream] += bytes;
    const dropped = { stdout: 0, stderr: 0, [stream]: bytes };
    this.supervisor.log.lagged(dropped);
    this.#lag?.emit(dropped);
  }

  listenOutput(output: Output, listener: ChunkListener, once: boolean): void {
    output.listen(listener, once);
    if (output.pushSeq !== Number.POSITIVE_INFINITY) this.#flushSoon();
  }

  listenReaped(listener: ExitListener, once: boolean): void {
    this.#reaped ??= new Listeners();
    this.#reaped.add(listener, once);
    if (this.supervisor.log.reapedInfo !== undefined) this.#flushSoon();
  }

  listenExit(listener: ExitListener, once: boolean): void {
    this.supervisor.drain();
    this.#exit ??= new Listeners();
    this.#exit.add(listener, once);
    if (this.supervisor.log.closed) this.#flushSoon();
  }

  listenLag(listener: LagListener, once: boolean): void {
    this.#lag ??= new Listeners();
    this.#lag.add(listener, once);
  }

  unlisten(event: 'reaped' | 'exit' | 'lag', listener: ExitListener | LagListener): void {
    if (event === 'exit') this.#exit?.remove(listener as ExitListener);
    else if (event === 'reaped') this.#reaped?.remove(listener as ExitListener);
    else this.#lag?.remove(listener as LagListener);
  }

  drain(): void {
    this.stdout?.drain();
    this.stderr?.drain();
  }

  /** There is more output, or a stream has ended. */
  wake(): void {
    this.flush();
    this.stdout?.wake();
    this.stderr?.wake();
  }

  /** Passes on what listeners have not had, in the order of the numbers. */
  flush(): void {
    this.#behind = false;
    const { log } = this.supervisor;
    for (;;) {
      const stdoutSeq = this.stdout?.pushSeq ?? Number.POSITIVE_INFINITY;
      const stderrSeq = this.stderr?.pushSeq ?? Number.POSITIVE_INFINITY;
      const reapedSeq = this.#reaped !== undefined && this.#reaped.size > 0 ? log.reapedSeq : Number.POSITIVE_INFINITY;
      const exitSeq = this.#exit !== undefined && this.#exit.size > 0 ? log.exitSeq : Number.POSITIVE_INFINITY;
      const seq = Math.min(stdoutSeq, stderrSeq, reapedSeq, exitSeq);
      if (seq === Number.POSITIVE_INFINITY) return;
      if (seq === stdoutSeq) this.stdout?.push();
      else if (seq === stderrSeq) this.stderr?.push();
      else if (seq === reapedSeq) this.#reaped?.emitLast(log.reapedInfo as ExitInfo);
      else this.#exit?.emitLast(this.supervisor.facts());
    }
  }

  detach(): void {
    if (this.detached !== undefined) return;
    this.detached = new DetachedError(this.id);
    this.#reaped = undefined;
    this.#exit = undefined;
    this.#lag = undefined;
    this.stdout?.detach(this.detached);
    this.stderr?.detach(this.detached);
  }

  #open(stream: StreamLog | null, afterSeq: number): Output | null {
    if (stream === null) return null;
    return new Output(this, stream, cursorAfter(this.supervisor.log, stream, afterSeq));
  }

  #flushSoon(): void {
    if (this.#behind) return;
    this.#behind = true;
    queueMicrotask(() => {
      if (this.#behind) this.flush();
    });
  }
}
