import type { ExecutionEvent, Executor, ExecutorOptions, SpawnOptions, Subprocess } from 'lastbyte';
import { afterEach, expect } from 'vitest';
import { rejection } from '../support/child.js';

/** Gives an executor for one test, which the suite doesn't close. */
export type Open = (options?: ExecutorOptions) => Promise<Executor>;

interface Command {
  file: string;
  args?: string[];
}

/** `open`. After each test, what still runs in an executor that it gave is killed, and fails the test. */
export function watched(open: Open): Open {
  const executors = new Set<Executor>();
  afterEach(async () => {
    const left = await Promise.all([...executors].map(killRunning));
    executors.clear();
    expect(left.flat(), 'executions that the test has left running').toEqual([]);
  });
  return async (options) => {
    const executor = await open(options);
    executors.add(executor);
    return executor;
  };
}

async function killRunning(executor: Executor): Promise<string[]> {
  // None in one that has been closed.
  const list = await executor.list().catch(() => []);
  const running = list.filter(({ state }) => state !== 'exited' && state !== 'failed');
  for (const { id } of running) (await executor.attach(id)).kill('SIGKILL');
  return running.map(({ id, state, file, args }) => [id, state, file, ...args].join(' '));
}

/** `spawn` of what `actor` or `shell` gave. */
export function start(executor: Executor, { file, args = [] }: Command, options: SpawnOptions = {}): Subprocess {
  return executor.spawn(file, args, options);
}

/** What was said there before has arrived here: whatever could come too early has had its chance. */
export async function othersRun(executor: Executor): Promise<void> {
  await Promise.all(Array.from({ length: 4 }, () => executor.spawn('/bin/true').wait()));
}

let names = 0;

/** An id that nobody else has chosen. */
export function freshId(): string {
  names += 1;
  return `conformance ${process.pid} ${performance.now()} ${names}`;
}

/** What a question is answered with that is refused: at the call, or later. */
export async function refusal(ask: () => unknown): Promise<Error & Record<string, unknown>> {
  return rejection((async () => ask())());
}

/** The bytes of one stream among these events. */
export function bytesOf(events: readonly ExecutionEvent[], type: 'stdout' | 'stderr'): Buffer {
  return Buffer.concat(events.flatMap((event) => (event.type === type ? [event.data] : [])));
}

/** The numbers of these events; a lag has none. */
export function seqsOf(events: readonly ExecutionEvent[]): number[] {
  return events.flatMap((event) => ('seq' in event ? [event.seq] : []));
}

/** from, from + 1 … to */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
}
