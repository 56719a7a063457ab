import { getEventListeners } from 'node:events';
import { type ExitInfo, spawn } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { all, child, othersRun, piped, rejection } from '../support/child.js';
import { Gate, Mailbox } from '../support/gate.js';
import { inParallel } from '../support/parallel.js';

type Child = ReturnType<typeof child>;

/** A child that is ready, with these words done, when the promise resolves. */
async function ready(words: (string | number)[], options = {}) {
  const source = child(actor(...words, 'text', 'ready', 'pause'), options);
  await new Promise((resolve) => source.once('stdout', resolve));
  return source;
}

describe('timeoutMs', () => {
  test('sends SIGTERM, and says so', async () => {
    const source = child(actor('pause'), { timeoutMs: 30 });
    const info = await source.wait();
    expect(info).toMatchObject({ code: null, signal: 'SIGTERM', reason: 'timedOut', outputComplete: true });
    expect(info.durationMs).toBeGreaterThanOrEqual(30);
  });

  test('sends killSignal in its place', async () => {
    const source = child(actor('pause'), { timeoutMs: 10, killSignal: 'SIGUSR2' });
    expect(await source.wait()).toMatchObject({ signal: 'SIGUSR2', reason: 'timedOut' });
  });

  test('kills a child that ignores SIGTERM after killAfterMs', async () => {
    const source = await ready(['ignore', 15], { timeoutMs: 1000, killAfterMs: 100 });
    const info = await source.wait();
    expect(info).toMatchObject({ signal: 'SIGKILL', reason: 'timedOut' });
    expect(info.durationMs).toBeGreaterThanOrEqual(1100);
  });

  test('holds for a reader that never reads: what came is still there for it', async () => {
    const source = child({ file: 'yes' }, { timeoutMs: 50, killAfterMs: 0 });
    const chunks = piped(source.stdout)[Symbol.asyncIterator]();
    expect(await source.wait()).toMatchObject({ reason: 'timedOut', outputComplete: true });
    const bytes = Buffer.concat(await all(chunks));
    expect(bytes.length).toBeGreaterThan(0);
    expect(bytes.equals(Buffer.alloc(bytes.length, 'y\n'))).toBe(true);
  });

  test('that does not come changes nothing', async () => {
    expect(await child(actor('exit', 0), { timeoutMs: 60_000 }).wait()).toMatchObject({ code: 0, reason: 'exited' });
  });
});

describe('the ladder', () => {
  /** `ready`, then the ladder of an abort, which is that of a timeout as well. */
  async function climb(source: Child, controller: AbortController): Promise<ExitInfo> {
    controller.abort();
    return source.wait();
  }

  test('lets a child that handles SIGTERM end by itself, with its last words', async () => {
    const controller = new AbortController();
    const script = 'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.01; done';
    const source = child({ file: 'sh', args: ['-c', script] }, { signal: controller.signal, killAfterMs: 20_000 });
    const lines = piped(source.stdout).lines()[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('ready');
    const info = climb(source, controller);
    expect((await lines.next()).value).toBe('bye');
    expect(await info).toMatchObject({ code: 5, signal: null, reason: 'aborted' });
  });

  test('sends killSignal, then SIGKILL', async () => {
    const controller = new AbortController();
    const options = { signal: controller.signal, killSignal: 'SIGHUP', killAfterMs: 20 };
    const source = await ready(['ignore', 1], options);
    expect(await climb(source, controller)).toMatchObject({ signal: 'SIGKILL', reason: 'aborted' });
  });

  test('kills the whole group, also a grandchild that ignores SIGTERM', async () => {
    const mailbox = new Mailbox();
    const controller = new AbortController();
    const words = ['fork', '{', 'ignore', 15, 'tell', mailbox.path, 'deaf', 'pause', '}'];
    const source = await ready(words, { signal: controller.signal, killAfterMs: 50 });
    await mailbox.next();
    // The grandchild holds stdout: the end of all output says that it has gone.
    expect(await climb(source, controller)).toMatchObject({
      signal: 'SIGTERM',
      reason: 'aborted',
      outputComplete: true,
    });
  });

  test('cuts what has left the group and holds a pipe', async () => {
    const mailbox = new Mailbox();
    const gate = new Gate();
    const controller = new AbortController();
    const words = ['fork', '{', 'setsid', 'tell', mailbox.path, 'away', 'await', gate.path, '}'];
    const source = await ready(words, { signal: controller.signal, killAfterMs: 0 });
    await mailbox.next();
    expect(await climb(source, controller)).toMatchObject({ reason: 'aborted', outputComplete: false });
    gate.release();
  });
});

describe('an AbortSignal', () => {
  test('aborted before: nothing is started', async () => {
    const mailbox = new Mailbox();
    const source = child(actor('tell', mailbox.path, 'it ran'), { signal: AbortSignal.abort('why') });
    const error = await rejection(source.wait());
    expect(error).toMatchObject({ name: 'SpawnError', code: 'ECANCELED', stage: 'cancelled', cause: 'why' });
    expect(error.id).toBe(source.id);
    expect(await rejection(source.started)).toBe(error);
    expect(await rejection(piped(source.stdout).text())).toBe(error);
    expect(source.pid).toBe(undefined);
    expect(source.kill(0)).toBe(false);
    await child(actor('tell', mailbox.path, 'another')).wait();
    expect(await mailbox.next()).toBe('another');
  });

  test('aborted in the same turn: not started, or ended', async () => {
    for (let i = 0; i < 50; i++) {
      const controller = new AbortController();
      const source = child(actor('pause'), { signal: controller.signal });
      controller.abort(i);
      const outcome = await source.wait().catch((error) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'ECANCELED', cause: i });
      else expect(outcome).toMatchObject({ signal: 'SIGTERM', reason: 'aborted' });
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    }
  });

  test('aborted while it runs: SIGTERM', async () => {
    const controller = new AbortController();
    const source = await ready([], { signal: controller.signal });
    controller.abort();
    expect(await source.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'aborted' });
  });

  test('aborted afterwards: nothing happens, and nobody listens any more', async () => {
    const controller = new AbortController();
    const source = child(actor('exit', 0), { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    const info = await source.wait();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    controller.abort();
    expect(await source.wait()).toBe(info);
    expect(info.reason).toBe('exited');
  });

  test('of a start that fails is let go', async () => {
    const { signal } = new AbortController();
    expect(await rejection(child({ file: '/nowhere' }, { signal }).wait())).toMatchObject({ code: 'ENOENT' });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('aborted in a listener of the execution itself', async () => {
    const controller = new AbortController();
    const source = child({ file: 'yes' }, { signal: controller.signal });
    source.on('stdout', () => controller.abort());
    expect(await source.wait()).toMatchObject({ reason: 'aborted' });
  });

  test('for 2,000 executions: one listener, none when they are over, and no warning', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => void warnings.push(warning);
    process.on('warning', warn);
    const { signal } = new AbortController();
    const one = await ready([], { signal });
    await inParallel(2000, 32, async () => {
      await spawn('/bin/true', [], { signal, stdout: 'ignore', stderr: 'ignore' }).wait();
      if (getEventListeners(signal, 'abort').length !== 1) throw new Error('more than one listener');
    });
    await one.terminate();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });

  test('ends all executions that have it', async () => {
    const controller = new AbortController();
    const sources = await Promise.all(Array.from({ length: 20 }, () => ready([], { signal: controller.signal })));
    controller.abort();
    const infos = await Promise.all(sources.map((source) => source.wait()));
    expect(infos.map(({ reason }) => reason)).toEqual(infos.map(() => 'aborted'));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('kill', () => {
  test('sends any signal, by name or number, and says whether somebody got it', async () => {
    const source = await ready(['ignore', 10]);
    expect([source.kill(0), source.kill('SIGUSR1'), source.kill(10), source.kill()]).toEqual([true, true, true, true]);
    expect(await source.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
    expect([source.kill(), source.kill('SIGKILL'), source.kill(0)]).toEqual([false, false, false]);
  });

  test('reaches the whole group', async () => {
    const source = await ready(['fork', '{', 'pause', '}']);
    source.kill('SIGKILL');
    expect(await source.wait()).toMatchObject({ signal: 'SIGKILL', outputComplete: true });
  });

  test('before the start: it is not started, or gets the signal', async () => {
    for (let i = 0; i < 50; i++) {
      const source = child(actor('pause'));
      expect(source.kill('SIGUSR1')).toBe(true);
      const outcome = await source.wait().catch((error) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'ECANCELED', stage: 'cancelled' });
      else expect(outcome).toMatchObject({ signal: 'SIGUSR1', reason: 'killed' });
    }
  });

  test('is false after a failed start', async () => {
    const source = child({ file: '/nowhere' });
    await rejection(source.wait());
    expect(source.kill()).toBe(false);
  });

  test('of a child that handles it: what it does then counts', async () => {
    const source = child({ file: 'sh', args: ['-c', 'trap "exit 9" USR1; echo ready; while :; do sleep 0.01; done'] });
    await new Promise((resolve) => source.once('stdout', resolve));
    source.kill('SIGUSR1');
    expect(await source.wait()).toMatchObject({ code: 9, signal: null });
  });

  test.each(['TERM', 'SIGNOPE', '', -1, 65, 1.5, null])('there is no signal %j', async (signal) => {
    const source = child({ file: '/bin/true' });
    expect(() => source.kill(signal as never)).toThrow(
      "'signal' must be a signal's name, or a number from 0 to 64; got",
    );
    await source.wait();
  });
});

describe('terminate', () => {
  test('is killSignal, then wait', async () => {
    const source = await ready([], { killSignal: 'SIGINT' });
    expect(await source.terminate()).toMatchObject({ signal: 'SIGINT', reason: 'killed' });
  });

  test('kills after graceMs', async () => {
    const source = await ready(['ignore', 15], { killAfterMs: 60_000 });
    expect(await source.terminate({ graceMs: 20 })).toMatchObject({ signal: 'SIGKILL', reason: 'killed' });
  });

  test('without graceMs takes killAfterMs', async () => {
    const source = await ready(['ignore', 15], { killAfterMs: 20 });
    expect(await source.terminate()).toMatchObject({ signal: 'SIGKILL', reason: 'killed' });
  });

  test('after the end gives the facts, and again and again', async () => {
    const source = child(actor('exit', 4));
    const info = await source.wait();
    expect(await source.terminate()).toBe(info);
    expect(await source.terminate({ graceMs: 0 })).toBe(info);
    expect(info.reason).toBe('exited');
  });

  test('a second call does not renew the grace of the first', async () => {
    const source = await ready(['ignore', 15]);
    const first = source.terminate({ graceMs: 50 });
    const second = source.terminate({ graceMs: 50 });
    expect(await first).toBe(await second);
    expect(await first).toMatchObject({ signal: 'SIGKILL', reason: 'killed' });
  });

  test.each([[{ graceMs: -1 }], [{ graceMs: '5' }], [{ graceMs: Number.NaN }], [{ grace: 5 }], [null]])(
    'takes no %j',
    async (options) => {
      const gate = new Gate();
      const source = child(actor('await', gate.path, 'exit', 3));
      expect(() => source.terminate(options as object)).toThrow(/^'(graceMs|grace|options)' must be /);
      gate.release();
      // Nothing was sent.
      expect((await source.wait()).code).toBe(3);
    },
  );
});

describe('await using', () => {
  test('ends the child when the block is left', async () => {
    let exit: Promise<ExitInfo> | undefined;
    {
      await using source = child(actor('text', 'ready', 'pause'));
      exit = source.wait();
      await new Promise((resolve) => source.once('stdout', resolve));
    }
    expect(await exit).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
  });

  test('does not disturb a child that has ended, or never started', async () => {
    let ended: ExitInfo;
    {
      await using source = child(actor('exit', 2));
      await using failed = child({ file: '/nowhere' });
      ended = await source.wait();
      await rejection(failed.started);
    }
    expect(ended.reason).toBe('exited');
  });
});

describe('drain', () => {
  test('idleMs: the reader gets what came, its end, and the truth', async () => {
    const gate = new Gate();
    const source = child(actor('text', 'all there is', 'fork', '{', 'await', gate.path, '}', 'exit', 0), {
      drain: { idleMs: 20 },
    });
    expect(await piped(source.stdout).text()).toBe('all there is');
    expect(await source.wait()).toMatchObject({ code: 0, reason: 'exited', outputComplete: false });
    gate.release();
  });

  test('deadlineMs: a grandchild that never stops is cut off', async () => {
    const source = child(actor('fork', '{', 'forever', '}', 'exit', 0), { drain: { deadlineMs: 50 } });
    expect((await piped(source.stdout).bytes()).length).toBeGreaterThan(0);
    expect(await source.wait()).toMatchObject({ code: 0, outputComplete: false });
  });

  test('eof, the default: waits as long as it takes', async () => {
    const gate = new Gate();
    const source = child(actor('fork', '{', 'await', gate.path, 'text', 'late', '}', 'exit', 0), { drain: 'eof' });
    const text = piped(source.stdout).text();
    await new Promise((resolve) => source.on('reaped', resolve));
    await othersRun();
    gate.release();
    expect(await text).toBe('late');
    expect(await source.wait()).toMatchObject({ outputComplete: true });
  });
});
