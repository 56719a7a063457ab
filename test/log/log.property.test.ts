import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EvictedError } from '../../lib/errors.js';
import type { ExecutionEvent } from '../../lib/log/event-log.js';
import { followEvents } from '../../lib/log/events.js';
import { readLog, readPlan } from '../../lib/log/read.js';
import { FakeExecution } from '../support/event-log.js';
import { LogModel, names, type Place } from '../support/log-model.js';

type Kind = 'read' | 'events' | 'lossless';

type Step =
  | { do: 'append'; stream: 1 | 2; size: number }
  /** `back`: how many events before the newest it begins. */
  | { do: 'come'; kind: Kind; back: number }
  | { do: 'advance'; which: number; times: number; maxBytes: number }
  | { do: 'leave'; which: number }
  | { do: 'reap' };

const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4000, max: 9000 }) },
);
const step = <S extends Step>(
  weight: number,
  name: S['do'],
  fields: { [K in Exclude<keyof S, 'do'>]: fc.Arbitrary<S[K]> },
) => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<Step>,
});

const schedule = fc.record({
  retainBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 3000, max: 20_000 })),
  steps: fc.array(
    fc.oneof(
      step<Step & { do: 'append' }>(10, 'append', { stream: fc.constantFrom<1 | 2>(1, 2), size }),
      step<Step & { do: 'come' }>(3, 'come', {
        kind: fc.constantFrom<Kind>('read', 'events', 'lossless'),
        back: fc.oneof(fc.nat(6), fc.constant(1000)),
      }),
      step<Step & { do: 'advance' }>(8, 'advance', {
        which: fc.nat(),
        times: fc.integer({ min: 1, max: 4 }),
        maxBytes: size,
      }),
      step<Step & { do: 'leave' }>(1, 'leave', { which: fc.nat() }),
      step<Step & { do: 'reap' }>(1, 'reap', {}),
    ),
    { maxLength: 60 },
  ),
  evictAfterExit: fc.boolean(),
});

/** Somebody who reads the log, and holds what it is told against the model. */
abstract class Reader {
  over = false;
  evicted = false;
  readonly places: { stdout: Place; stderr: Place };
  protected readonly execution: FakeExecution;
  protected readonly model: LogModel;
  readonly #afterSeq: number;
  readonly #sum = { stdout: 0, stderr: 0 };
  /** The newest event that it knows of. */
  protected seq: number;

  constructor(execution: FakeExecution, model: LogModel, afterSeq: number, lossless: boolean) {
    this.execution = execution;
    this.model = model;
    this.seq = afterSeq;
    this.#afterSeq = afterSeq;
    const { stdout, stderr } = model.ends(afterSeq);
    this.places = { stdout: { offset: stdout, lossless }, stderr: { offset: stderr, lossless } };
    for (const name of names) model[name].places.add(this.places[name]);
  }

  /** Asks for what comes next. */
  abstract advance(maxBytes: number): Promise<void>;

  /** Something has come: who waits for it has been told. */
  async happened(): Promise<void> {}

  leave(): void {
    this.over = true;
    for (const name of names) {
      this.model[name].places.delete(this.places[name]);
      this.model[name].moved();
    }
  }

  protected told(event: ExecutionEvent): void {
    if (event.type === 'lag') {
      for (const name of names) {
        expect(event.dropped[name]).toBe(Math.max(0, this.model[name].head - this.places[name].offset));
      }
      this.lagged(event.dropped);
      return;
    }
    expect(event.seq).toBeGreaterThan(this.seq);
    this.skipped(event.seq);
    this.seq = event.seq;
    if (!('data' in event)) return;
    this.#sum[event.type] += event.data.length;
    this.model[event.type].take(this.places[event.type], event.data);
  }

  /** What lies before event `seq` and did not come was output, all of which it was told is missing. */
  protected skipped(seq: number): void {
    for (let missing = this.seq + 1; missing < seq; missing++) {
      expect(missing).not.toBe(this.execution.log.reapedSeq);
      const ends = this.model.ends(missing);
      for (const name of names) expect(ends[name]).toBeLessThanOrEqual(this.places[name].offset);
    }
  }

  protected lagged(lag: { stdout: number; stderr: number }): void {
    expect(lag.stdout + lag.stderr).toBeGreaterThan(0);
    for (const name of names) {
      this.#sum[name] += lag[name];
      this.places[name].offset += lag[name];
    }
  }

  /** It is at the end. */
  check(): void {
    expect(this.over).toBe(true);
    expect(this.seq).toBe(this.execution.log.exitSeq);
    const before = this.model.ends(this.#afterSeq);
    for (const name of names) expect(this.#sum[name]).toBe(this.model[name].length - before[name]);
  }
}

class ReadReader extends Reader {
  async advance(maxBytes: number): Promise<void> {
    const { log } = this.execution;
    const afterSeq = this.seq;
    const read = readLog(log, readPlan({ afterSeq, maxBytes }, 0), new Set());
    if (log.evicted !== undefined) {
      await expect(read).rejects.toBeInstanceOf(EvictedError);
      this.evicted = true;
      return this.leave();
    }
    const result = await read;
    const { events, nextSeq, lag } = result;
    // What was lost of a stream lies before what is left of it.
    if (lag !== undefined) this.lagged(lag);
    for (const event of events) this.told(event);
    const newest = nextSeq - 1;
    this.skipped(nextSeq);
    this.seq = newest;
    for (const name of names) expect(this.places[name].offset).toBe(this.model.ends(newest)[name]);
    const bytes = events.flatMap((event) => ('data' in event ? [event.data.length] : []));
    if (bytes.length > 1) expect(bytes.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(maxBytes);
    if (newest < log.seq) expect(bytes.length).toBeGreaterThan(0);
    expect(result.reaped).toBe(newest >= log.reapedSeq);
    expect(result.closed).toBe(newest >= log.exitSeq);
    if (result.closed) this.leave();
  }
}

class EventsReader extends Reader {
  readonly #events: ReturnType<typeof followEvents>;
  #waits = false;
  #answer: IteratorResult<ExecutionEvent, undefined> | undefined;

  constructor(execution: FakeExecution, model: LogModel, afterSeq: number, lossless: boolean) {
    super(execution, model, afterSeq, lossless);
    this.#events = followEvents(execution.log, afterSeq, lossless, new Set());
  }

  async advance(): Promise<void> {
    if (this.#waits) return;
    this.#waits = true;
    const { log } = this.execution;
    const atEnd = names.every((name) => this.places[name].offset === this.model[name].length);
    const nothing = atEnd && (log.reapedInfo === undefined || log.reapedSeq <= this.seq) && !log.closed;
    void this.#events.next().then((answer) => {
      this.#answer = answer;
    });
    await this.#look();
    expect(this.#waits).toBe(nothing);
  }

  override async happened(): Promise<void> {
    if (!this.#waits || this.over) return;
    await this.#look();
    expect(this.#waits).toBe(false);
  }

  async #look(): Promise<void> {
    for (let i = 0; i < 3; i++) await undefined;
    const answer = this.#answer;
    if (answer === undefined) return;
    this.#answer = undefined;
    this.#waits = false;
    if (answer.done) this.leave();
    else this.told(answer.value);
  }

  override leave(): void {
    super.leave();
    void this.#events.return();
  }
}

it('whoever reads gets each byte once, or is told that it is missing', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ retainBytes, steps, evictAfterExit }) => {
      const execution = new FakeExecution({ retainBytes });
      const { log } = execution;
      const model = new LogModel(retainBytes);
      const readers: Reader[] = [];
      const check = () => {
        for (const name of names) {
          expect(log[name]).toMatchObject({ head: model[name].head, end: model[name].length });
          expect(log[name]?.dropped).toBe(model[name].dropped);
        }
        expect(execution.execution.credit).toEqual({ 1: model.stdout.credit, 2: model.stderr.credit });
      };
      const happened = async () => {
        model.happened(log.seq);
        for (const reader of readers) await reader.happened();
      };
      for (const each of steps) {
        const reader = 'which' in each ? readers[each.which % readers.length] : undefined;
        if (each.do === 'append') {
          const name = each.stream === 1 ? 'stdout' : 'stderr';
          const chunk = model[name].append(each.size);
          if (each.stream === 1) execution.out(chunk);
          else execution.err(chunk);
          await happened();
          model[name].settle();
        } else if (each.do === 'reap' && log.reapedInfo === undefined) {
          execution.reap();
          await happened();
        } else if (each.do === 'come') {
          const afterSeq = Math.max(0, log.seq - each.back);
          const Kind = each.kind === 'read' ? ReadReader : EventsReader;
          const comer = new Kind(execution, model, afterSeq, each.kind === 'lossless');
          readers.push(comer);
          // With its first read it stands there: from then on that event doesn't grow.
          if (each.kind === 'read') await comer.advance(1);
        } else if (each.do === 'advance') {
          for (let i = 0; i < each.times && reader?.over === false; i++) await reader.advance(each.maxBytes);
        } else if (reader !== undefined && each.do === 'leave') {
          reader.leave();
          readers.splice(readers.indexOf(reader), 1);
        }
        check();
      }
      if (log.reapedInfo === undefined) {
        execution.reap();
        await happened();
      }
      execution.exit();
      await happened();
      if (evictAfterExit) {
        log.evict(() => new EvictedError('evicted'));
        for (const name of names) model[name].evict();
        check();
      }
      for (const reader of readers) {
        while (!reader.over) await reader.advance(5000);
        check();
      }
      for (const reader of readers) if (!reader.evicted) reader.check();
    }),
    { numRuns: 1000 },
  );
});
