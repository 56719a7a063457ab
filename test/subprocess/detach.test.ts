import { createExecutor, local, type Subprocess } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, child, othersRun, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';

const detached = (id: string) =>
  expect.objectContaining({
    name: 'DetachedError',
    code: 'ERR_LASTBYTE_DETACHED',
    id,
    message: `This handle has been detached from execution ${id}`,
  });

/** A child that waits at the gate, and a second handle of it. */
async function waiting(gate: Gate, ...before: (string | number)[]) {
  const first = child(actor(...before, 'await', gate.path, 'text', 'end', 'etext', 'error', 'exit', 5));
  return { first, second: await local.attach(first.id) };
}

describe('detach', () => {
  const readers: [string, (handle: Subprocess) => Promise<unknown>][] = [
    ['wait', (handle) => handle.wait()],
    ['wait with a signal', (handle) => handle.wait({ signal: new AbortController().signal })],
    ['read', (handle) => handle.read({ afterSeq: 1, waitMs: 60_000 })],
    ['events', (handle) => handle.events({ afterSeq: 1 }).next()],
    ['lossless events', (handle) => handle.events({ afterSeq: 1, lossless: true }).next()],
    ['for await', (handle) => all(piped(handle.stderr))],
    ['bytes', (handle) => piped(handle.stderr).bytes()],
    ['text', (handle) => piped(handle.stderr).text()],
    ['lines', (handle) => all(piped(handle.stderr).lines())],
    ['readable', (handle) => piped(handle.stderr).readable().toArray()],
    ['web', (handle) => piped(handle.stderr).web().getReader().read()],
  ];

  test.each(readers)('what is open fails: %s; the same on another handle goes on', async (_, ask) => {
    const gate = new Gate();
    const { first, second } = await waiting(gate, 'text', 'begin', 'flushed');
    const third = await local.attach(first.id);
    await new Promise((resolve) => first.on('stdout', resolve));
    const [asked, other] = [ask(second), ask(third)];
    await second.detach();
    expect(await rejection(asked)).toEqual(detached(first.id));
    gate.release();
    await other;
    expect((await first.wait()).code).toBe(5);
  });

  test('fails the first of several pending events; the others are done', async () => {
    const gate = new Gate();
    const { first, second } = await waiting(gate);
    const events = second.events();
    const [one, two] = [events.next(), events.next()];
    await second.detach();
    expect(await rejection(one)).toEqual(detached(first.id));
    expect(await two).toEqual({ done: true, value: undefined });
    gate.release();
    await first.wait();
  });

  test('twice, or at once, is fine', async () => {
    const gate = new Gate();
    const { first, second } = await waiting(gate);
    await Promise.all([second.detach(), second.detach()]);
    await second.detach();
    gate.release();
    await first.wait();
  });

  test('afterwards the handle can do nothing, above all not end the child', async () => {
    const gate = new Gate();
    const { first, second } = await waiting(gate);
    await first.started;
    await second.detach();
    for (const act of [
      () => second.kill(),
      () => second.kill(0),
      () => second.on('stdout', () => {}),
      () => second.once('exit', () => {}),
      () => second.events(),
      () => second.takeStdin(),
    ]) {
      expect(act).toThrow(detached(first.id));
    }
    for (const ask of [
      () => second.wait(),
      () => second.read(),
      () => second.terminate(),
      () => second.close(),
      () => piped(second.stdout).text(),
    ]) {
      expect(await rejection(ask())).toEqual(detached(first.id));
    }
    // What it knew it still knows.
    expect([second.id, second.pid]).toEqual([first.id, first.pid]);
    gate.release();
    expect(await first.wait()).toMatchObject({ code: 5, reason: 'exited' });
  });

  test('of an ended execution works as well', async () => {
    const first = child(actor('text', 'x', 'exit', 0));
    await first.wait();
    const second = await local.attach(first.id);
    await second.detach();
    expect(await rejection(second.wait())).toEqual(detached(first.id));
    expect(await piped(first.stdout).text()).toBe('x');
  });

  test('within a listener: it hears nothing more, not even of the same batch', async () => {
    const first = child(actor('out', 5000, 'flushed', 'out', 6000, 'flushed', 'exit', 0));
    await first.wait();
    const second = await local.attach(first.id);
    const heard: unknown[] = [];
    second.on('exit', () => heard.push('exit'));
    second.on('stdout', (chunk) => {
      heard.push(chunk.length);
      void second.detach();
    });
    await othersRun();
    expect(heard).toEqual([5000]);
  });
});

describe('await using', () => {
  test('an attached handle is detached; the child is not touched', async () => {
    const gate = new Gate();
    const { first, second } = await waiting(gate);
    {
      await using handle = second;
      expect(handle.kill(0)).toBe(true);
    }
    expect(await rejection(second.wait())).toEqual(detached(first.id));
    gate.release();
    expect(await first.wait()).toMatchObject({ code: 5, reason: 'exited' });
  });

  test('the starting handle, when it has been detached, leaves the child alone', async () => {
    const gate = new Gate();
    const { first, second } = await waiting(gate);
    {
      await using handle = first;
      await handle.detach();
    }
    gate.release();
    expect(await second.wait()).toMatchObject({ code: 5, reason: 'exited' });
  });
});

describe('close', () => {
  test('ends the child, lets the log go, and answers every handle', async () => {
    await using executor = createExecutor();
    const { file, args } = actor('text', 'x', 'flushed', 'pause');
    const first = executor.spawn(file, args);
    const second = await executor.attach(first.id);
    await new Promise((resolve) => second.on('stdout', resolve));
    const info = await second.close();
    expect(info).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
    expect(await first.wait()).toBe(info);
    const evicted = { name: 'EvictedError', code: 'ERR_LASTBYTE_EVICTED', id: first.id, info };
    expect(await rejection(executor.attach(first.id))).toMatchObject(evicted);
    expect(await rejection(first.read())).toMatchObject(evicted);
    expect(() => second.events()).toThrow(expect.objectContaining(evicted));
    expect(executor.stats()).toMatchObject({ live: 0, retained: 0, retainedBytes: 0, tombstones: 1 });
  });

  test('of one that has ended lets its log go at once; a reader keeps what it has begun', async () => {
    await using executor = createExecutor();
    const { file, args } = actor('text', 'x', 'exit', 4);
    const first = executor.spawn(file, args);
    const info = await first.wait();
    const second = await executor.attach(first.id);
    const chunks = piped(second.stdout)[Symbol.asyncIterator]();
    expect(await first.close()).toBe(info);
    expect(await rejection(executor.attach(first.id))).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED', info });
    expect(String((await chunks.next()).value)).toBe('x');
    expect(await rejection(piped(first.stdout).text())).toMatchObject({ code: 'ERR_LASTBYTE_EVICTED', info });
  });
});
