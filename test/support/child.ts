import { type SpawnOptions, type Subprocess, spawn } from 'lastbyte';
import { afterEach, expect } from 'vitest';

interface Command {
  file: string;
  args?: string[];
}

const children: Subprocess[] = [];

/** `spawn`. After each test, a child of it that still runs is killed, and fails the test. */
export function child({ file, args = [] }: Command, options: SpawnOptions = {}): Subprocess {
  const started = spawn(file, args, options);
  children.push(started);
  return started;
}

/** Of what was detached only another handle can say it. */
function runs(handle: Subprocess): boolean {
  try {
    return handle.kill(0);
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_LASTBYTE_DETACHED') return false;
    throw error;
  }
}

afterEach(() => {
  const running = children.splice(0).filter(runs);
  for (const each of running) each.kill('SIGKILL');
  expect(
    running.map(({ id }) => id),
    'children that the test has left running',
  ).toEqual([]);
});

/** A stream of a child whose streams are pipes. */
export function piped<T>(stream: T | null): T {
  if (stream === null) throw new Error('It is no pipe');
  return stream;
}

/** All that an iterable yields. */
export async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of iterable) values.push(value);
  return values;
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('It was not rejected');
}

/** Other work of this process has come and gone: what could have come too early has had its chance. */
export async function othersRun(): Promise<void> {
  await Promise.all(Array.from({ length: 4 }, () => spawn('/bin/true').wait()));
}
