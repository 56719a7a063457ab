import { channel } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { othersRun, range, start } from '../conformance/open.js';
import { actor } from '../support/actor.js';
import { all, piped, rejection } from '../support/child.js';
import { opened } from '../support/executors.js';
import { Gate } from '../support/gate.js';

const names = ['start', 'start-failed', 'reaped', 'exit', 'lag', 'held-pipe'] as const;
type Name = (typeof names)[number];

// The clock stands still unless a test moves it: lastbyte has never seen another one.
vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
afterAll(() => vi.useRealTimers());

/** What was published since the test's beginning. */
const published: [Name, Record<string, unknown>][] = [];
const listeners = new Map(
  names.map((name) => [name, (message: unknown) => void published.push([name, message as Record<string, unknown>])]),
);
const subscribe = (...some: Name[]) => {
  for (const name of some) channel(`lastbyte:${name}`).subscribe(listeners.get(name) as () => void);
};

beforeEach(() => void published.splice(0));
afterEach(() => {
  for (const name of names) channel(`lastbyte:${name}`).unsubscribe(listeners.get(name) as () => void);
});

/** The messages of one execution, in their order. */
const messagesOf = (id: string) => published.filter(([, message]) => message.id === id);

// The first of this file: no timer is left from others.
test('without subscribers nothing is published and no timer is armed', async () => {
  const executor = opened();
  const publishes = names.map((name) => vi.spyOn(channel(`lastbyte:${name}`), 'publish'));
  const gate = new Gate();
  const source = start(executor, actor('fork', '{', 'await', gate.path, '}', 'out', 5000), { retainBytes: 10 });
  await new Promise((resolve) => source.on('reaped', resolve));
  expect(vi.getTimerCount()).toBe(0);
  gate.release();
  await source.wait();
  await all(source.events());
  await rejection(executor.spawn('/nowhere').wait());
  for (const publish of publishes) expect(publish).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

describe('start, reaped, exit', () => {
  test('of spawn: what was started, and the facts that wait tells', async () => {
    subscribe(...names);
    const executor = opened();
    const { file, args } = actor('out', 1000, 'exit', 3);
    const source = executor.spawn(file, args, { cwd: '/usr' });
    expect(published).toEqual([['start', { id: source.id, file, args, cwd: '/usr' }]]);
    const info = await source.wait();
    expect(published).toEqual([
      ['start', { id: source.id, file, args, cwd: '/usr' }],
      // The system's figures may still grow until Exit.
      ['reaped', { id: source.id, info: { ...info, usage: expect.any(Object) } }],
      ['exit', { id: source.id, info }],
    ]);
    expect(published[2]?.[1].info).toBe(info);
  });

  test('of run', async () => {
    subscribe(...names);
    const running = opened().run('true');
    const { id } = running.subprocess;
    expect(messagesOf(id)).toEqual([['start', { id, file: 'true', args: [], cwd: undefined }]]);
    await running;
    expect(messagesOf(id).map(([name]) => name)).toEqual(['start', 'reaped', 'exit']);
    expect(messagesOf(id)[2]?.[1].info).toBe(await running.subprocess.wait());
  });

  test('reaped comes at once, exit when nobody holds the output any more', async () => {
    subscribe(...names);
    const executor = opened();
    const gate = new Gate();
    const source = start(executor, actor('fork', '{', 'await', gate.path, 'text', 'late', '}', 'exit', 2));
    let exited = false;
    source.on('exit', () => {
      exited = true;
      // Listeners come first.
      expect(messagesOf(source.id).map(([name]) => name)).toEqual(['start', 'reaped']);
    });
    await new Promise((resolve) => source.on('reaped', resolve));
    await othersRun(executor);
    expect(messagesOf(source.id).map(([name]) => name)).toEqual(['start', 'reaped']);
    gate.release();
    await source.wait();
    expect(exited).toBe(true);
    expect(messagesOf(source.id).map(([name]) => name)).toEqual(['start', 'reaped', 'exit']);
    expect(messagesOf(source.id)[1]?.[1].info).toMatchObject({ code: 2, dropped: { stdout: 0, stderr: 0 } });
  });

  test('dropped is final in exit', async () => {
    subscribe('exit');
    const source = start(opened(), actor('out', 5000), { retainBytes: 10 });
    const events = all(source.events({ afterSeq: 0 }));
    const info = await source.wait();
    await events;
    expect(published).toEqual([['exit', { id: source.id, info }]]);
  });

  test('of many: each has its three, in their order', async () => {
    subscribe(...names);
    const executor = opened({ maxLive: 8 });
    const sources = range(1, 100).map((i) => start(executor, actor('exit', i)));
    expect(published.map(([name, { id }]) => [name, id])).toEqual(sources.map(({ id }) => ['start', id]));
    const infos = await Promise.all(sources.map((source) => source.wait()));
    for (const [i, { id }] of sources.entries()) {
      expect(messagesOf(id).map(([name]) => name)).toEqual(['start', 'reaped', 'exit']);
      expect(messagesOf(id)[2]?.[1].info).toBe(infos[i]);
    }
  });
});

describe('start-failed', () => {
  test('has the error that wait tells', async () => {
    subscribe(...names);
    const source = opened().spawn('/nowhere', ['a']);
    const error = await rejection(source.wait());
    expect(published).toEqual([
      ['start', { id: source.id, file: '/nowhere', args: ['a'], cwd: undefined }],
      ['start-failed', { id: source.id, error }],
    ]);
    expect(published[1]?.[1].error).toBe(error);
  });

  test('of one that was killed while it was queued, and of one that was when the executor was closed', async () => {
    const executor = opened({ maxLive: 1 });
    const first = start(executor, actor('pause'));
    await first.started;
    subscribe(...names);
    const [killed, left] = [executor.spawn('true'), executor.spawn('true')];
    killed.kill();
    const errors = Promise.all([rejection(killed.wait()), rejection(left.wait()), rejection(first.wait())]);
    await new Promise(setImmediate);
    await executor.close();
    const [one, two] = await errors;
    expect(messagesOf(killed.id).slice(1)).toEqual([['start-failed', { id: killed.id, error: one }]]);
    expect(messagesOf(left.id).slice(1)).toEqual([['start-failed', { id: left.id, error: two }]]);
    expect([one.code, two.code]).toEqual(['ECANCELED', 'ERR_LASTBYTE_CLOSED']);
    expect(messagesOf(first.id).map(([name]) => name)).toEqual(['reaped', 'exit']);
  });

  test('what can never work is not published', async () => {
    subscribe(...names);
    expect(() => opened().spawn('')).toThrow("'file'");
    expect(published).toEqual([]);
  });
});

describe('lag', () => {
  test('is published for each reader that is told of it, in each way of reading', async () => {
    const executor = opened();
    const source = start(executor, actor('fork', '{', 'err', 500, '}', 'out', 5000), { retainBytes: 100 });
    const { id } = source;
    await source.wait();
    subscribe('lag');
    const dropped = { stdout: 4900, stderr: 400 };
    await all(source.events());
    expect(published.splice(0)).toEqual([['lag', { id, dropped }]]);
    expect((await source.read()).lag).toEqual(dropped);
    expect(published.splice(0)).toEqual([['lag', { id, dropped }]]);
    const handle = await executor.attach(id);
    await piped(handle.stdout).bytes();
    expect(published.splice(0)).toEqual([['lag', { id, dropped: { stdout: 4900, stderr: 0 } }]]);
    await new Promise((resolve) => handle.on('stderr', resolve));
    expect(published.splice(0)).toEqual([['lag', { id, dropped: { stdout: 0, stderr: 400 } }]]);
  });

  test('is not where nothing is missing', async () => {
    subscribe('lag');
    const source = start(opened(), actor('out', 5000));
    await Promise.all([all(source.events()), piped(source.stdout).bytes(), source.read({ waitMs: 1000 })]);
    await source.wait();
    expect(published).toEqual([]);
  });
});

describe('held-pipe', () => {
  /** Reaped, with a grandchild that holds stdout until the gate is opened. */
  async function holding(executor = opened()) {
    const gate = new Gate();
    const source = start(executor, actor('fork', '{', 'close', 2, 'await', gate.path, '}', 'exit', 0));
    const stderr = piped(source.stderr).text();
    await new Promise((resolve) => source.on('reaped', resolve));
    await stderr;
    return { source, gate };
  }

  /** The holders are looked for first. */
  async function told() {
    while (published.length === 0) await turn();
  }

  test('tells once, five seconds after Reaped, which streams are still held', async () => {
    subscribe('held-pipe');
    const { source, gate } = await holding();
    vi.advanceTimersByTime(4999);
    expect(published).toEqual([]);
    vi.advanceTimersByTime(1);
    await told();
    const heldBy = await source.heldBy();
    expect(heldBy).toMatchObject([{ streams: ['stdout'] }]);
    const message = { id: source.id, pid: source.pid, streams: ['stdout'], heldBy, forMs: 5000 };
    expect(published).toEqual([['held-pipe', message]]);
    vi.advanceTimersByTime(3_600_000);
    gate.release();
    await source.wait();
    expect(published).toEqual([['held-pipe', message]]);
  });

  test('of run, too', async () => {
    subscribe('held-pipe');
    const gate = new Gate();
    const { file, args } = actor('fork', '{', 'await', gate.path, '}', 'exit', 0);
    const running = opened().run(file, args);
    const { subprocess } = running;
    await new Promise((resolve) => subprocess.on('reaped', resolve));
    vi.advanceTimersByTime(5000);
    await told();
    const heldBy = await subprocess.heldBy();
    const streams = ['stdout', 'stderr'];
    expect(heldBy).toMatchObject([{ streams }]);
    const message = { id: subprocess.id, pid: subprocess.pid, streams, heldBy, forMs: 5000 };
    expect(published).toEqual([['held-pipe', message]]);
    gate.release();
    await running;
  });

  test('tells nothing where Exit came in time', async () => {
    subscribe('held-pipe');
    const { source, gate } = await holding();
    vi.advanceTimersByTime(4999);
    gate.release();
    await source.wait();
    vi.advanceTimersByTime(5000);
    expect(published).toEqual([]);
  });

  test('tells nothing to who has unsubscribed, or subscribes after Reaped', async () => {
    subscribe('held-pipe');
    const early = await holding();
    channel('lastbyte:held-pipe').unsubscribe(listeners.get('held-pipe') as () => void);
    const late = await holding();
    vi.advanceTimersByTime(5000);
    subscribe('held-pipe');
    vi.advanceTimersByTime(5000);
    expect(published).toEqual([]);
    for (const { gate, source } of [early, late]) {
      gate.release();
      await source.wait();
    }
  });
});
