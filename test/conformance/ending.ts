import { getEventListeners } from 'node:events';
import type { ExitInfo, SpawnOptions, Subprocess } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { rejection } from '../support/child.js';
import { Gate, Mailbox } from '../support/gate.js';
import { type Open, othersRun, start } from './open.js';

export function endingSuite(open: Open): void {
  /** A child that is ready, with these words done. */
  async function ready(words: (string | number)[] = [], options: SpawnOptions = {}): Promise<Subprocess> {
    const source = start(await open(), actor(...words, 'text', 'ready', 'pause'), options);
    await new Promise((resolve) => source.once('stdout', resolve));
    return source;
  }

  describe('wait', () => {
    test('at any time, any number of times: all equal', async () => {
      const executor = await open();
      const gate = new Gate();
      const source = start(executor, actor('fork', '{', 'await', gate.path, '}', 'exit', 5));
      const waits: Promise<ExitInfo>[] = [source.wait()];
      const wait = () => void waits.push(source.wait());
      source.on('reaped', wait).on('exit', wait);
      await source.started;
      wait();
      await new Promise((resolve) => source.on('reaped', resolve));
      wait();
      gate.release();
      await source.wait();
      wait();
      await othersRun(executor);
      wait();
      const infos = await Promise.all(waits);
      expect(infos).toHaveLength(7);
      expect(infos[0]).toMatchObject({ code: 5, signal: null, reason: 'exited', pid: source.pid });
      for (const info of infos) expect(info).toEqual(infos[0]);
    });

    test('a thousand at once', async () => {
      const source = start(await open(), actor('exit', 7));
      const infos = await Promise.all(Array.from({ length: 1000 }, () => source.wait()));
      expect(infos.map(({ code }) => code)).toEqual(infos.map(() => 7));
    });

    test('gives facts that nobody can change', async () => {
      const info = await start(await open(), actor('exit', 0)).wait();
      expect([info, info.dropped, info.usage].every(Object.isFrozen)).toBe(true);
    });

    test('tells a signal of the child’s own from ours', async () => {
      const own = start(await open(), actor('raise', 15));
      expect(await own.wait()).toMatchObject({ code: null, signal: 'SIGTERM', reason: 'signaled' });
      const ours = await ready();
      ours.kill('SIGTERM');
      expect(await ours.wait()).toMatchObject({ code: null, signal: 'SIGTERM', reason: 'killed' });
    });

    test('with a signal is given up; the child and the other waits are not touched', async () => {
      const gate = new Gate();
      const source = start(await open(), actor('await', gate.path, 'exit', 1));
      const controller = new AbortController();
      const [given, other] = [source.wait({ signal: controller.signal }), source.wait()];
      const reason = new Error('enough');
      controller.abort(reason);
      const abort = { name: 'AbortError', code: 'ABORT_ERR', cause: reason, id: source.id };
      expect(await rejection(given)).toMatchObject(abort);
      expect(await rejection(source.wait({ signal: controller.signal }))).toMatchObject(abort);
      gate.release();
      expect(await other).toMatchObject({ code: 1, reason: 'exited' });
    });
  });

  describe('kill', () => {
    test('by name or number; says whether somebody is there to get it', async () => {
      const source = await ready(['ignore', 10]);
      expect([source.kill(0), source.kill('SIGUSR1'), source.kill(10), source.kill()]).toEqual([
        true,
        true,
        true,
        true,
      ]);
      expect(await source.wait()).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
      expect([source.kill(), source.kill('SIGKILL'), source.kill(0)]).toEqual([false, false, false]);
    });

    test('reaches the whole group', async () => {
      const source = await ready(['fork', '{', 'pause', '}']);
      source.kill('SIGKILL');
      // The grandchild has held the output: its end says that it has gone.
      expect(await source.wait()).toMatchObject({ signal: 'SIGKILL', outputComplete: true });
    });

    test('before the start: it is not started, or gets the signal', async () => {
      const executor = await open();
      for (let i = 0; i < 50; i++) {
        const source = start(executor, actor('pause'));
        expect(source.kill('SIGUSR1')).toBe(true);
        const outcome = await source.wait().catch((error) => error);
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'ECANCELED', stage: 'cancelled' });
        else expect(outcome).toMatchObject({ signal: 'SIGUSR1', reason: 'killed' });
      }
    });

    test.each(['TERM', '', -1, 65, 1.5, null])('there is no signal %j', async (signal) => {
      const source = start(await open(), actor('exit', 0));
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

    test('cuts what has left the group and holds a pipe', async () => {
      const mailbox = new Mailbox();
      const gate = new Gate();
      const source = await ready(['fork', '{', 'setsid', 'tell', mailbox.path, 'away', 'await', gate.path, '}']);
      await mailbox.next();
      expect(await source.terminate({ graceMs: 0 })).toMatchObject({ reason: 'killed', outputComplete: false });
      gate.release();
    });

    test('of one that has ended gives its facts', async () => {
      const source = start(await open(), actor('exit', 3));
      const info = await source.wait();
      expect(await source.terminate()).toEqual(info);
      expect(info).toMatchObject({ code: 3, reason: 'exited' });
    });

    test('by await using', async () => {
      let exit: Promise<ExitInfo>;
      {
        await using source = await ready();
        exit = source.wait();
      }
      expect(await exit).toMatchObject({ signal: 'SIGTERM', reason: 'killed' });
    });
  });

  describe('timeoutMs', () => {
    test('sends killSignal, and says so', async () => {
      const options = { timeoutMs: 30, killSignal: 'SIGUSR2' } as const;
      const info = await start(await open(), actor('pause'), options).wait();
      expect(info).toMatchObject({ code: null, signal: 'SIGUSR2', reason: 'timedOut' });
      expect(info.durationMs).toBeGreaterThanOrEqual(30);
    });

    test('kills after killAfterMs', async () => {
      // SIGCONT ends nobody.
      const options = { timeoutMs: 10, killSignal: 'SIGCONT', killAfterMs: 10 } as const;
      const info = await start(await open(), actor('pause'), options).wait();
      expect(info).toMatchObject({ signal: 'SIGKILL', reason: 'timedOut' });
    });

    test('of run rejects with ERR_LASTBYTE_TIMEOUT', async () => {
      const { file, args } = actor('pause');
      const error = await rejection((await open()).run(file, args, { timeoutMs: 20 }));
      expect(error).toMatchObject({ name: 'RunError', code: 'ERR_LASTBYTE_TIMEOUT', reason: 'timedOut' });
    });

    test('that does not come changes nothing', async () => {
      const source = start(await open(), actor('exit', 0), { timeoutMs: 60_000 });
      expect(await source.wait()).toMatchObject({ code: 0, reason: 'exited' });
    });
  });

  describe('an AbortSignal', () => {
    test('aborted before: nothing is started', async () => {
      const executor = await open();
      const mailbox = new Mailbox();
      const source = start(executor, actor('tell', mailbox.path, 'it ran'), { signal: AbortSignal.abort('why') });
      const error = await rejection(source.wait());
      expect(error).toMatchObject({ name: 'SpawnError', code: 'ECANCELED', stage: 'cancelled', cause: 'why' });
      expect(error.id).toBe(source.id);
      expect(source.pid).toBe(undefined);
      expect(source.kill(0)).toBe(false);
      await start(executor, actor('tell', mailbox.path, 'another')).wait();
      expect(await mailbox.next()).toBe('another');
    });

    test('aborted in the same turn: not started, or ended', async () => {
      const executor = await open();
      for (let i = 0; i < 50; i++) {
        const controller = new AbortController();
        const source = start(executor, actor('pause'), { signal: controller.signal });
        controller.abort(i);
        const outcome = await source.wait().catch((error) => error);
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'ECANCELED', cause: i });
        else expect(outcome).toMatchObject({ signal: 'SIGTERM', reason: 'aborted' });
      }
    });

    test('aborted while it runs: killSignal, then SIGKILL', async () => {
      const controller = new AbortController();
      const options = { signal: controller.signal, killSignal: 'SIGHUP', killAfterMs: 20 } as const;
      const source = await ready(['ignore', 1], options);
      controller.abort();
      expect(await source.wait()).toMatchObject({ signal: 'SIGKILL', reason: 'aborted' });
    });

    test('of run rejects with AbortError, which has what came', async () => {
      const { file, args } = actor('text', 'ready', 'pause');
      const controller = new AbortController();
      const running = (await open()).run(file, args, { signal: controller.signal });
      running.subprocess.on('stdout', () => controller.abort('stop'));
      const error = await rejection(running);
      expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'stop' });
      expect(error.result).toMatchObject({ stdout: 'ready', reason: 'aborted' });
    });

    test('aborted afterwards: nothing happens, and nobody listens any more', async () => {
      const controller = new AbortController();
      const source = start(await open(), actor('exit', 0), { signal: controller.signal });
      const info = await source.wait();
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
      controller.abort();
      expect(await source.wait()).toEqual(info);
      expect(info.reason).toBe('exited');
    });

    test('ends all executions that have it', async () => {
      const controller = new AbortController();
      const sources = await Promise.all(Array.from({ length: 20 }, () => ready([], { signal: controller.signal })));
      controller.abort();
      const infos = await Promise.all(sources.map((source) => source.wait()));
      expect(infos.map(({ reason }) => reason)).toEqual(infos.map(() => 'aborted'));
    });
  });
}
