import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ReadOptions, ReadResult, Subprocess } from 'lastbyte';
import { expect, test } from 'vitest';
import { othersRun, range, start } from '../conformance/open.js';
import { actor } from '../support/actor.js';
import { rejection } from '../support/child.js';
import { opened } from '../support/executors.js';
import { Gate } from '../support/gate.js';

const COUNT = 10_000;

/** So many reads that wait. */
function reads(source: Subprocess, options: ReadOptions = {}): Promise<ReadResult>[] {
  return range(1, COUNT).map(() => source.read({ waitMs: 3_600_000, ...options }));
}

/** What waiting could take of the system. */
function held(): { threads: number; timeouts: number } {
  const timeouts = process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
  return { threads: readdirSync('/proc/self/task').length, timeouts };
}

async function codesOf(promises: Promise<unknown>[]): Promise<Set<unknown>> {
  return new Set((await Promise.all(promises.map(rejection))).map(({ code }) => code));
}

test('10,000 that wait take no thread and no timer; the first byte wakes them all', async () => {
  const executor = opened();
  const gate = new Gate();
  const source = start(executor, actor('await', gate.path, 'text', 'now', 'await', gate.path));
  await source.started;
  // Whatever of Node comes with the first use is there.
  await stat('/');
  const before = held();
  const waiting = reads(source);
  let answered = 0;
  for (const read of waiting) void read.then(() => (answered += 1));
  await othersRun(executor);
  const now = held();
  expect(now.threads).toBe(before.threads);
  expect(now.timeouts - before.timeouts).toBeLessThanOrEqual(1);
  expect(answered).toBe(0);
  gate.release();
  const results = await Promise.all(waiting);
  const first = { type: 'stdout', seq: 1, data: Buffer.from('now') };
  expect(results.every((result) => result.events.length === 1 && !result.closed)).toBe(true);
  expect(results[0]).toEqual({ events: [first], nextSeq: 2, reaped: false, closed: false });
  expect(results.at(-1)).toEqual(results[0]);
  expect(held().threads).toBe(before.threads);
  gate.release();
  await source.wait();
});

test('Exit wakes them all', async () => {
  const executor = opened();
  const gate = new Gate();
  const source = start(executor, actor('fork', '{', 'await', gate.path, '}', 'exit', 5));
  await new Promise((resolve) => source.on('reaped', resolve));
  const waiting = reads(source, { afterSeq: 1 });
  gate.release();
  const info = await source.wait();
  const results = await Promise.all(waiting);
  expect(results[0]).toEqual({
    events: [{ type: 'exit', seq: 2, info }],
    nextSeq: 3,
    reaped: true,
    closed: true,
    exit: info,
  });
  expect(results.every(({ closed, exit }) => closed && exit === info)).toBe(true);
});

test('close of the executor rejects them all', async () => {
  const executor = opened();
  const source = start(executor, actor('pause'));
  await source.started;
  const codes = codesOf(reads(source));
  await executor.close();
  expect(await codes).toEqual(new Set(['ERR_LASTBYTE_CLOSED']));
});

test('one signal gives them all up: it has one listener, then none', async () => {
  const executor = opened();
  const gate = new Gate();
  const source = start(executor, actor('await', gate.path));
  const controller = new AbortController();
  const { signal } = controller;
  const other = source.read({ waitMs: 3_600_000 });
  const codes = codesOf(reads(source, { signal }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort();
  expect(await codes).toEqual(new Set(['ABORT_ERR']));
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  gate.release();
  expect((await other).events[0]).toMatchObject({ type: 'reaped' });
  await source.wait();
});

test('detach of their handle rejects them all, and no other’s', async () => {
  const executor = opened();
  const gate = new Gate();
  const source = start(executor, actor('await', gate.path));
  const handle = await executor.attach(source.id);
  const other = source.read({ waitMs: 3_600_000 });
  const codes = codesOf(reads(handle));
  await handle.detach();
  expect(await codes).toEqual(new Set(['ERR_LASTBYTE_DETACHED']));
  gate.release();
  expect((await other).events[0]).toMatchObject({ type: 'reaped' });
  await source.wait();
});

test('a start that fails rejects them all', async () => {
  const codes = codesOf(reads(opened().spawn('/nowhere')));
  expect(await codes).toEqual(new Set(['ENOENT']));
});

test('after Exit none waits', async () => {
  const source = start(opened(), actor('text', 'x', 'exit', 0));
  const exit = await source.wait();
  const before = held();
  const waiting = [...reads(source), ...reads(source, { afterSeq: 3 })];
  expect(held().timeouts - before.timeouts).toBeLessThanOrEqual(0);
  const results = await Promise.all(waiting);
  expect(results.every((result) => result.closed && result.exit === exit && result.nextSeq === 4)).toBe(true);
  expect(results[0]?.events.at(-1)).toEqual({ type: 'exit', seq: 3, info: exit });
  expect(results.at(-1)?.events).toEqual([]);
});
