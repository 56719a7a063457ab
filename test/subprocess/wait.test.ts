import type { ExitInfo } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { Waits } from '../../lib/subprocess/wait.js';
import { actor } from '../support/actor.js';
import { child, othersRun, piped, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';

describe('wait', () => {
  test('may be called at any time, and all get the same facts', async () => {
    const gate = new Gate();
    const source = child(actor('fork', '{', 'await', gate.path, '}', 'exit', 5));
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
    await othersRun();
    wait();
    expect(waits).toHaveLength(7);
    const infos = await Promise.all(waits);
    for (const info of infos) expect(info).toBe(infos[0]);
    expect(infos[0]).toMatchObject({ code: 5, signal: null, reason: 'exited', pid: source.pid });
  });

  test('a thousand at once', async () => {
    const source = child(actor('exit', 7));
    const infos = await Promise.all(Array.from({ length: 1000 }, () => source.wait()));
    expect(new Set(infos).size).toBe(1);
    const late = await Promise.all(Array.from({ length: 1000 }, () => source.wait()));
    expect(new Set([...infos, ...late]).size).toBe(1);
  });

  test('gives facts that nobody can change', async () => {
    const info = await child(actor('exit', 0)).wait();
    expect([info, info.dropped, info.usage].every(Object.isFrozen)).toBe(true);
    expect(Object.keys(info).sort()).toEqual(
      ['code', 'dropped', 'durationMs', 'outputComplete', 'pid', 'reason', 'signal', 'usage'].sort(),
    );
    expect(info.durationMs).toBeGreaterThan(0);
    expect(info.durationMs).toBeLessThan(30_000);
    expect(info.usage.maxRssBytes).toBeGreaterThan(0);
  });

  test('tells a signal of the child’s own from ours', async () => {
    expect(await child(actor('raise', 15)).wait()).toMatchObject({ code: null, signal: 'SIGTERM', reason: 'signaled' });
    const ours = child(actor('pause'));
    await ours.started;
    ours.kill('SIGTERM');
    expect(await ours.wait()).toMatchObject({ code: null, signal: 'SIGTERM', reason: 'killed' });
  });

  test('resolves whatever the exit was', async () => {
    expect(await child(actor('exit', 255)).wait()).toMatchObject({ code: 255, reason: 'exited' });
    expect(await child(actor('raise', 9)).wait()).toMatchObject({ signal: 'SIGKILL', reason: 'signaled' });
    expect(await child(actor('pause'), { timeoutMs: 1 }).wait()).toMatchObject({ reason: 'timedOut' });
  });

  test('rejects all waiters with the same error where the start failed', async () => {
    const source = child({ file: 'surely-not-a-program' });
    const error = await rejection(source.wait());
    expect(error).toMatchObject({ name: 'SpawnError', code: 'ENOENT', stage: 'program', id: source.id });
    expect(error).toMatchObject({ file: 'surely-not-a-program', syscall: 'spawn', errno: -2 });
    expect(await rejection(source.wait())).toBe(error);
    expect(await rejection(source.started)).toBe(error);
  });
});

describe('wait with a signal', () => {
  test('is given up when it is aborted; the child and the other waits are not touched', async () => {
    const gate = new Gate();
    const source = child(actor('await', gate.path, 'exit', 1));
    const controller = new AbortController();
    const [given, other] = [source.wait({ signal: controller.signal }), source.wait()];
    const reason = new Error('enough');
    controller.abort(reason);
    const error = await rejection(given);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason, id: source.id });
    expect('result' in error).toBe(false);
    gate.release();
    expect(await other).toMatchObject({ code: 1, reason: 'exited' });
  });

  test('that is aborted already rejects at once', async () => {
    const gate = new Gate();
    const source = child(actor('await', gate.path));
    expect(await rejection(source.wait({ signal: AbortSignal.abort('no') }))).toMatchObject({ cause: 'no' });
    gate.release();
    await source.wait();
  });

  test('that is aborted afterwards changes nothing', async () => {
    const source = child({ file: '/bin/true' });
    const controller = new AbortController();
    const info = await source.wait({ signal: controller.signal });
    controller.abort();
    expect(await source.wait()).toBe(info);
  });

  test('ten thousand that were given up leave nothing behind, and the next is answered', async () => {
    const gate = new Gate();
    const source = child(actor('await', gate.path));
    for (let i = 0; i < 10_000; i++) {
      const controller = new AbortController();
      const wait = source.wait({ signal: controller.signal });
      controller.abort();
      await rejection(wait);
    }
    gate.release();
    expect((await source.wait()).code).toBe(0);
  });

  test('that are given up one after another take one waiter of the engine, not one each', async () => {
    const callbacks: ((error: null) => void)[] = [];
    const info = { code: 0 };
    const execution = { info: undefined as unknown, wait: (callback: () => void) => callbacks.push(callback) };
    const waits = new Waits({ id: 'x', drain() {}, execution, facts: () => info } as never);
    for (let i = 0; i < 100; i++) {
      const controller = new AbortController();
      const wait = waits.wait(controller.signal);
      controller.abort();
      await rejection(wait);
    }
    const kept = waits.wait(undefined);
    expect(callbacks).toHaveLength(1);
    execution.info = info;
    callbacks[0]?.(null);
    expect(await kept).toBe(info);
  });

  test.each([
    [{ signal: {} }, "'signal' must be an AbortSignal; got {}"],
    [{ timeoutMs: 5 }, "'timeoutMs' must be left out: the options are signal; got 5"],
    [null, "'options' must be an object; got null"],
  ])('takes no %j', async (options, message) => {
    const source = child({ file: '/bin/true' });
    expect(() => source.wait(options as object)).toThrow(message);
    await source.wait();
  });
});

describe('with nobody reading', () => {
  test('wait does not deadlock: the newest retainBytes are kept, and dropped says what is not', async () => {
    const source = child(actor('fork', '{', 'err', 5000, '}', 'out', 10_000_000), { retainBytes: 4096 });
    const info = await source.wait();
    expect(info).toMatchObject({ code: 0, outputComplete: true });
    expect(info.dropped).toEqual({ stdout: 10_000_000 - 4096, stderr: 5000 - 4096 });
    expect((await piped(source.stdout).bytes()).equals(pattern(4096, 10_000_000 - 4096, 1))).toBe(true);
    expect((await piped(source.stderr).bytes()).equals(pattern(4096, 5000 - 4096, 2))).toBe(true);
  });

  test.each([
    [0, 0],
    [1, 1],
    [4096, 4096],
    [300_000, 300_000],
    [1 << 20, 300_000],
    [undefined, 300_000],
  ])('retainBytes %j of 300,000 keeps %d', async (retainBytes, kept) => {
    const source = child(actor('out', 300_000), { retainBytes });
    expect((await source.wait()).dropped).toEqual({ stdout: 300_000 - kept, stderr: 0 });
    expect((await piped(source.stdout).bytes()).equals(pattern(kept, 300_000 - kept, 1))).toBe(true);
  });

  test('the default keeps 1 MiB', async () => {
    const source = child(actor('out', 3_000_000));
    expect((await source.wait()).dropped.stdout).toBe(3_000_000 - (1 << 20));
    expect((await piped(source.stdout).bytes()).length).toBe(1 << 20);
  });

  test('an exit listener does the same', async () => {
    const source = child(actor('out', 10_000_000), { retainBytes: 10 });
    const info = await new Promise<ExitInfo>((resolve) => source.on('exit', resolve));
    expect(info.dropped).toEqual({ stdout: 10_000_000 - 10, stderr: 0 });
  });

  test('wait in the middle, when the child is held back, lets it go on', async () => {
    const source = child(actor('out', 10_000_000));
    await source.started;
    await othersRun();
    expect(await source.wait()).toMatchObject({ code: 0, dropped: { stdout: 10_000_000 - (1 << 20) } });
  });

  test('a reader that comes after wait gets the tail, then everything', async () => {
    const gate = new Gate();
    const source = child(actor('out', 100_000, 'flushed', 'etext', 'x', 'await', gate.path, 'out', 5_000_000), {
      retainBytes: 1000,
    });
    const wait = source.wait();
    await new Promise((resolve) => source.on('stderr', resolve));
    const whole = piped(source.stdout).bytes();
    gate.release();
    expect((await whole).equals(pattern(5_001_000, 99_000, 1))).toBe(true);
    expect((await wait).dropped).toEqual({ stdout: 99_000, stderr: 0 });
  });

  test('called first, it lets a reader of one stream forget the other', async () => {
    const source = child(actor('err', 5_000_000, 'out', 5_000_000));
    const exit = source.wait();
    expect((await piped(source.stdout).bytes()).equals(pattern(5_000_000))).toBe(true);
    expect((await exit).dropped).toEqual({ stdout: 0, stderr: 5_000_000 - (1 << 20) });
  });

  test('a reader is never drained past', async () => {
    const source = child(actor('out', 5_000_000), { retainBytes: 10 });
    const chunks = piped(source.stdout)[Symbol.asyncIterator]();
    const wait = source.wait();
    const parts: Buffer[] = [];
    for (;;) {
      await new Promise(setImmediate);
      const { value } = await chunks.next();
      if (value === undefined) break;
      parts.push(value);
    }
    expect(Buffer.concat(parts).equals(pattern(5_000_000))).toBe(true);
    expect((await wait).dropped).toEqual({ stdout: 0, stderr: 0 });
  });
});

test('500 executions at once, each waited for twice', async () => {
  const infos = await Promise.all(
    Array.from({ length: 500 }, async (_, i) => {
      const source = child(actor('exit', i % 256));
      const [first, second] = await Promise.all([source.wait(), source.wait()]);
      expect(second).toBe(first);
      return first;
    }),
  );
  expect(infos.map(({ code }) => code)).toEqual(Array.from({ length: 500 }, (_, i) => i % 256));
});
