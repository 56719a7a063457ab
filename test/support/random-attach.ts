import type { ExecutionEvent, Executor, ExitInfo, Subprocess } from 'lastbyte';
import { actor } from './actor.js';
import { pattern } from './pattern.js';
import { randomNumbers } from './random.js';

type Name = 'stdout' | 'stderr';
/** How many bytes of each stream came up to an event. */
type Offsets = Record<Name, number>;

/** What one reader got behind its `afterSeq`, held against what it should get. */
class Received {
  readonly position: Offsets;
  readonly lag: Offsets = { stdout: 0, stderr: 0 };
  /** The first thing that was wrong. */
  wrong: string | undefined;
  /** Where numbers were left out, with the position then. */
  readonly jumps: { after: number; before: number; position: Offsets }[] = [];
  #seq: number;

  constructor(afterSeq: number, from: Offsets) {
    this.#seq = afterSeq;
    this.position = { ...from };
  }

  missed(dropped: Offsets): void {
    for (const name of ['stdout', 'stderr'] as const) {
      this.lag[name] += dropped[name];
      this.position[name] += dropped[name];
    }
  }

  output(name: Name, data: Buffer): void {
    const at = this.position[name];
    if (!data.equals(pattern(data.length, at, name === 'stdout' ? 1 : 2))) this.wrong ??= `${name} at ${at}`;
    this.position[name] += data.length;
  }

  number(seq: number): void {
    if (seq <= this.#seq) this.wrong ??= `event ${seq} after ${this.#seq}`;
    if (seq > this.#seq + 1) this.jumps.push({ after: this.#seq, before: seq, position: { ...this.position } });
    this.#seq = seq;
  }

  /** An event may be left out only where a lag has told of all its bytes. */
  checkJumps(offsets: readonly Offsets[]): void {
    for (const { after, before, position } of this.jumps) {
      const last = offsets[before - 1] as Offsets;
      const told = last.stdout <= position.stdout && last.stderr <= position.stderr;
      if (!told) this.wrong ??= `event ${before} after ${after}`;
    }
  }

  event(event: ExecutionEvent): void {
    if (event.type === 'lag') {
      this.missed(event.dropped);
      return;
    }
    this.number(event.seq);
    if ('data' in event) this.output(event.type, event.data);
  }
}

type Reader = (handle: Subprocess, afterSeq: number, received: Received) => Promise<void>;

const readers: Record<string, Reader> = {
  events: async (handle, _, received) => {
    for await (const event of handle.events()) received.event(event);
  },
  'lossless events': async (handle, _, received) => {
    let first = true;
    for await (const event of handle.events({ lossless: true })) {
      if (event.type === 'lag' && !first) received.wrong ??= 'a lag in the middle';
      received.event(event);
      first = false;
    }
  },
  streams: async (handle, _, received) => {
    handle.on('lag', (dropped) => received.missed(dropped));
    await Promise.all(
      (['stdout', 'stderr'] as const).map(async (name) => {
        for await (const chunk of handle[name] ?? []) received.output(name, chunk);
      }),
    );
  },
  listeners: async (handle, _, received) => {
    handle.on('lag', (dropped) => received.missed(dropped));
    for (const name of ['stdout', 'stderr'] as const) {
      handle.on(name, (chunk, seq) => {
        received.number(seq);
        received.output(name, chunk);
      });
    }
    await new Promise((resolve) => handle.on('exit', resolve));
  },
  'long polls': async (handle, afterSeq, received) => {
    for (let from = afterSeq; ; ) {
      const { events, nextSeq, closed, lag } = await handle.read({ afterSeq: from, waitMs: 60_000, maxBytes: 300_000 });
      if (lag !== undefined) received.missed(lag);
      for (const event of events) received.event(event);
      if (closed) return;
      from = nextSeq - 1;
    }
  },
};

export interface Attached {
  how: string;
  afterSeq: number;
  lag: Offsets;
  /** Bytes of each stream that it has had or was told of, counted from the beginning of the stream. */
  position: Offsets;
  wrong: string | undefined;
  info: ExitInfo;
}

export interface Plan {
  size: Offsets;
  count: number;
  retainBytes: number;
  seed: number;
}

/**
 * Runs one child, and attaches to it at random moments from random events on, to read in one way or another. A lossless
 * reader beside them says where in the streams each event ended.
 */
export async function attachAtRandom(executor: Executor, plan: Plan): Promise<{ info: ExitInfo; all: Attached[] }> {
  const { size, count, retainBytes, seed } = plan;
  const random = randomNumbers(seed);
  const moments = Array.from({ length: count }, () => random() * (size.stdout + size.stderr)).sort((a, b) => b - a);
  const { file, args } = actor('fork', '{', 'err', size.stderr, '}', 'out', size.stdout);
  const source = executor.spawn(file, args, { retainBytes });
  const offsets: Offsets[] = [{ stdout: 0, stderr: 0 }];
  const attached: Promise<Attached>[] = [];
  const names = Object.keys(readers);

  const attach = async (): Promise<Attached> => {
    const afterSeq = Math.floor(random() * offsets.length);
    const how = names[Math.floor(random() * names.length)] as string;
    const handle = await executor.attach(source.id, { afterSeq });
    const received = new Received(afterSeq, offsets[afterSeq] as Offsets);
    await (readers[how] as Reader)(handle, afterSeq, received);
    const info = await handle.wait();
    await handle.detach();
    // The recorder may not have come to the end yet.
    await recorded;
    received.checkJumps(offsets);
    const { lag, position, wrong } = received;
    return { how, afterSeq, lag, position, wrong, info };
  };

  const record = async () => {
    for await (const event of source.events({ lossless: true })) {
      if (event.type === 'lag') throw new Error('A lossless reader lags');
      const now = { ...(offsets.at(-1) as Offsets) };
      if ('data' in event) now[event.type] += event.data.length;
      if (event.seq !== offsets.push(now) - 1) throw new Error(`event ${event.seq} of ${offsets.length - 1}`);
      while (moments.length > 0 && (moments.at(-1) as number) <= now.stdout + now.stderr) {
        moments.pop();
        attached.push(attach());
      }
    }
  };
  const recorded = record();
  await recorded;
  return { info: await source.wait(), all: await Promise.all(attached) };
}
