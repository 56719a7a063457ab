import { constants } from 'node:os';
import { Engine } from 'lastbyte/engine';
import { expect } from 'vitest';
import { actor } from '../support/actor.js';
import { faults } from '../support/faults.js';
import { closeFifos, Gate, Mailbox, Script } from '../support/gate.js';
import { inTime } from '../support/in-time.js';
import { holdings } from '../support/leaks.js';
import { pattern } from '../support/pattern.js';
import { expectContract, Recording } from '../support/record.js';
import type { Schedule, Step } from './schedule.js';

const engines = { plain: new Engine(), copying: new Engine({ copyOutput: true }) };

/** Anonymous pipes, pidfds and children: what an execution takes, and has to give back. */
function taken() {
  const { descriptors, threads, children } = holdings();
  return { pipes: descriptors.pipe, pidfds: descriptors['anon_inode:[pidfd]'], threads, children };
}

function arm({ disturbances }: Schedule): void {
  for (const [i, disturbance] of disturbances.entries()) {
    const { action, call } = disturbance;
    if (action === 'delay') faults.arm(call, action, disturbance.microseconds, disturbance.after, disturbance.times);
    if (action === 'short') faults.arm(call, action, disturbance.bytes, 0, disturbance.times);
    if (action === 'fail')
      faults.arm(call, action, constants.errno[disturbance.errno], disturbance.after, disturbance.times);
    if (action === 'hold') faults.arm(call, action, i, disturbance.after, 1);
  }
}

/** One schedule being played, and what it has to come to. */
class Play {
  readonly child: Recording;
  readonly #script = new Script();
  readonly #mailbox = new Mailbox();
  readonly #gate = new Gate();
  readonly #waits: Promise<unknown>[] = [];
  /** Bytes that were asked of each stream, the late ones included. */
  readonly #asked = { 1: 0, 2: 0 };
  /** Streams that the leader has closed, or has left to a late writer. */
  readonly #givenUp = new Set<1 | 2>();
  readonly #writes: Promise<number | null>[] = [];
  /** How the leader was told to end, by itself. */
  #ending: { code: number | null; signal: number | null } | undefined;
  /** It was killed or its stream was cancelled: less than what was asked for may come. */
  #meddled = false;
  /** A policy or a failure may cut a stream. */
  readonly #mayBeCut: boolean;
  readonly #mayFailToStart: boolean;

  constructor({ request, copyOutput, disturbances }: Schedule) {
    const failures = disturbances.filter(({ action }) => action === 'fail');
    this.#mayBeCut = request.drain !== undefined || failures.some(({ call }) => call === 'read');
    this.#mayFailToStart = failures.some(({ call }) => call === 'fcntl');
    const consume = (stream: 1 | 2) => (chunk: Buffer) => {
      setImmediate(() => this.child.execution.consumed(stream, chunk.length));
    };
    const manual = request.credit === 'manual';
    this.child = new Recording(
      { ...actor('script', this.#script.path), stdin: 'pipe', ...request },
      {
        engine: copyOutput ? engines.copying : engines.plain,
        keep: false,
        on: manual ? { onStdout: consume(1), onStderr: consume(2) } : {},
      },
    );
  }

  /** Has the child do this, unless it has been told to end. */
  #tell(line: string): void {
    if (this.#ending === undefined) this.#script.tell(line);
  }

  /** The words for so many bytes, and for telling us once they are written. */
  #output(stream: 1 | 2, bytes: number): string {
    this.#asked[stream] += bytes;
    return `${stream === 1 ? 'out' : 'err'} ${bytes} tell ${this.#mailbox.path} ${stream}:${bytes}`;
  }

  async carryOut(step: Step): Promise<void> {
    const { execution } = this.child;
    switch (step.do) {
      case 'out':
      case 'err': {
        const stream = step.do === 'out' ? 1 : 2;
        if (this.#ending === undefined && !this.#givenUp.has(stream)) this.#tell(this.#output(stream, step.bytes));
        break;
      }
      case 'close':
        if (this.#ending === undefined && !this.#givenUp.has(step.stream)) this.#tell(`close ${step.stream}`);
        this.#givenUp.add(step.stream);
        break;
      case 'late':
        if (this.#ending === undefined && !this.#givenUp.has(step.stream)) {
          this.#tell(`fork { await ${this.#gate.path} ${this.#output(step.stream, step.bytes)} }`);
        }
        this.#givenUp.add(step.stream);
        break;
      case 'open gate':
        this.#gate.release();
        break;
      case 'exit':
        this.#tell(`exit ${step.code}`);
        this.#ending ??= { code: step.code, signal: null };
        break;
      case 'raise':
        this.#tell(`raise ${step.signal}`);
        this.#ending ??= { code: null, signal: step.signal };
        break;
      case 'pause':
      case 'resume':
        execution[step.do](step.stream);
        break;
      case 'cancel':
        this.#meddled = true;
        execution.cancel(step.stream);
        break;
      case 'kill':
        this.#meddled = true;
        execution.kill(step.signal);
        break;
      case 'terminate':
        this.#meddled = true;
        execution.terminate('killed', 'SIGTERM', step.graceMs);
        break;
      case 'write':
        this.#writes.push(new Promise((resolve) => execution.write(pattern(step.bytes), resolve)));
        break;
      case 'end':
        execution.end();
        break;
      case 'wait':
        this.#waits.push(this.child.wait().catch((error) => error));
        break;
      case 'turn':
        for (let i = 0; i < step.times; i++) await new Promise(setImmediate);
        break;
    }
  }

  /** Takes away everything that may hold it up. */
  letGo(): void {
    for (let i = 0; i < 3; i++) faults.release(i);
    this.child.execution.resume();
    this.#gate.release(100);
    this.#tell('exit 0');
    this.#ending ??= { code: 0, signal: null };
    this.child.execution.kill('SIGCONT');
  }

  async expectTruth(): Promise<void> {
    const { child } = this;
    const last = await child.wait().catch((error) => error);
    const others = await Promise.all(this.#waits);
    expect(others).toEqual(others.map(() => last));
    expectContract(child.log);
    expect(child.log.replaceAll(/[^W]/g, '').length).toBe(others.length + 1);
    await Promise.all(this.#writes);
    const { info } = child.execution;
    if (info === undefined) {
      expect(this.#mayFailToStart || this.#meddled, last).toBe(true);
      return;
    }
    expect(info.outputComplete || this.#mayBeCut || this.#meddled).toBe(true);
    if (!this.#meddled && info.outputComplete) {
      const { code, signal } = this.#ending ?? {};
      expect({ code: info.code, signal: info.signal && constants.signals[info.signal] }).toEqual({ code, signal });
    }
    await this.#expectBytes(info.outputComplete);
  }

  async #expectBytes(complete: boolean): Promise<void> {
    const written = { 1: 0, 2: 0 };
    this.#mailbox.tell('end');
    for (let line = await this.#mailbox.next(); line !== 'end'; line = await this.#mailbox.next()) {
      const [stream, bytes] = line.split(':').map(Number) as [1 | 2, number];
      written[stream] += bytes;
    }
    for (const [number, stream] of [[1, this.child.stdout] as const, [2, this.child.stderr] as const]) {
      expect(stream.matched, 'bytes that are right').toBe(stream.length);
      expect(stream.length).toBeLessThanOrEqual(this.#asked[number]);
      if (complete) expect(stream.length, 'bytes that were written').toBeGreaterThanOrEqual(written[number]);
      if (complete && !this.#meddled) expect(stream.length, 'bytes that were asked for').toBe(this.#asked[number]);
    }
  }

  end(): void {
    const { pid } = this.child.execution;
    closeFifos();
    // A descendant that was stopped, with its streams cut.
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      expect(error).toMatchObject({ code: 'ESRCH' });
    }
  }
}

/** Plays a schedule to its end and holds what came against what has to come. */
export async function play(schedule: Schedule): Promise<void> {
  faults.reset();
  for (const engine of Object.values(engines)) engine.stats();
  const before = taken();
  arm(schedule);
  const playing = new Play(schedule);
  try {
    for (const step of schedule.steps) await playing.carryOut(step);
    playing.letGo();
    await inTime(playing.expectTruth());
    expect(taken()).toEqual(before);
  } finally {
    faults.reset();
    playing.child.execution.kill('SIGKILL');
    playing.end();
  }
}
