import { existsSync, readFileSync } from 'node:fs';
import type { Executor, Subprocess } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { range, start } from '../conformance/open.js';
import { actor, shell } from '../support/actor.js';
import { busy } from '../support/busy.js';
import { all, piped, rejection } from '../support/child.js';
import { opened } from '../support/executors.js';
import { Mailbox } from '../support/gate.js';
import { scratchPath } from '../support/scratch.js';

const statesOf = async (executor: Executor) => (await executor.list()).map(({ state }) => state);

describe('one that is queued and unwanted', () => {
  const cancelled = { name: 'SpawnError', code: 'ECANCELED', stage: 'cancelled', syscall: 'spawn' };

  const ways: [string, (source: Subprocess) => unknown][] = [
    ['kill', (source) => source.kill()],
    ['kill SIGCONT', (source) => source.kill('SIGCONT')],
    ['kill 9', (source) => source.kill(9)],
    ['terminate', (source) => source.terminate().catch(() => {})],
    ['close', (source) => source.close().catch(() => {})],
    ['await using', (source) => source[Symbol.asyncDispose]()],
  ];

  test.each(ways)('%s: it is never started, and all are told', async (_, end) => {
    const { executor, queued, release } = await busy();
    const mailbox = new Mailbox();
    const source = queued(actor('tell', mailbox.path, 'it ran'), { stdin: 'pipe' });
    const questions = [source.started, source.wait(), piped(source.stdout).text(), source.read({ waitMs: 60_000 })];
    const answers = Promise.all(questions.map(rejection));
    const written = new Promise((resolve) => piped(source.stdin).write('x', resolve));
    end(source);
    expect(executor.stats().queued).toBe(0);
    for (const error of await answers) expect(error).toMatchObject({ ...cancelled, id: source.id });
    expect(await written).toMatchObject(cancelled);
    expect([source.kill(0), source.kill()]).toEqual([false, false]);
    await release();
    await start(executor, actor('tell', mailbox.path, 'another')).wait();
    expect(await mailbox.next()).toBe('another');
  });

  test('kill(0) only asks, kill tells whether there was somebody to get it', async () => {
    const { executor, queued, release } = await busy();
    const source = queued(actor('exit', 0));
    expect([source.kill(0), source.kill(0)]).toEqual([true, true]);
    expect(() => source.kill('TERM' as never)).toThrow("'signal' must be a signal's name, or a number");
    expect(executor.stats().queued).toBe(1);
    expect([source.kill('SIGTERM'), source.kill('SIGTERM'), source.kill(0)]).toEqual([true, false, false]);
    expect(await rejection(source.wait())).toMatchObject(cancelled);
    await release();
  });

  test('it is not told within the call', async () => {
    const { queued, release } = await busy();
    const source = queued(actor('exit', 0), { stdin: 'pipe' });
    const order: string[] = [];
    piped(source.stdin).on('error', () => order.push('told'));
    source.kill();
    order.push('killed');
    await rejection(source.wait());
    await new Promise(setImmediate);
    expect(order).toEqual(['killed', 'told']);
    await release();
  });

  test('an aborted signal: ECANCELED with its reason; run: AbortError', async () => {
    const { executor, queued, release } = await busy();
    const controller = new AbortController();
    const source = queued(actor('pause'), { signal: controller.signal });
    const { file, args } = actor('pause');
    const running = executor.run(file, args, { signal: controller.signal });
    const answers = [rejection(source.wait()), rejection(running)];
    controller.abort('enough');
    expect(await answers[0]).toMatchObject({ ...cancelled, cause: 'enough' });
    expect(await answers[1]).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
    await release();
    expect(await statesOf(executor)).toEqual(['exited', 'failed', 'failed']);
  });

  test('a signal that was aborted before the call: it doesn’t wait for its turn', async () => {
    const { executor, queued, release } = await busy();
    const source = queued(actor('pause'), { signal: AbortSignal.abort('early') });
    expect(await rejection(source.wait())).toMatchObject({ ...cancelled, cause: 'early' });
    expect(executor.stats()).toMatchObject({ queued: 0, live: 1, failed: 1 });
    await release();
  });

  test('one in the middle: the others keep their order', async () => {
    const { executor, release } = await busy();
    const file = scratchPath('order');
    const sources = range(1, 9).map((i) => start(executor, shell(`echo ${i} >> ${file}`)));
    const killed = sources.filter((_, i) => i % 3 === 1);
    for (const source of killed) source.kill();
    await Promise.all(killed.map((source) => rejection(source.wait())));
    await release();
    await Promise.all(sources.filter((source) => !killed.includes(source)).map((source) => source.wait()));
    expect(readFileSync(file, 'utf8')).toBe('1\n3\n4\n6\n7\n9\n');
  });
});

describe('close', () => {
  test('those that are queued are told at once, and never start', async () => {
    const executor = opened({ maxLive: 1 });
    const file = scratchPath('ran');
    const first = start(executor, actor('text', 'ready', 'pause'));
    await new Promise((resolve) => first.once('stdout', resolve));
    const sources = range(1, 5).map(() => start(executor, shell(`: > ${file}`), { stdin: 'pipe' }));
    const questions = sources.flatMap((source) => [
      source.started,
      source.wait(),
      piped(source.stdout).text(),
      source.read({ waitMs: 60_000 }),
      all(source.events()),
    ]);
    const { file: program, args } = shell(`: > ${file}`);
    questions.push(executor.run(program, args));
    const answers = Promise.all([first.wait(), ...questions].map(rejection));
    let closed = false;
    const closing = executor.close().then(() => {
      closed = true;
    });
    const errors = await answers;
    expect(closed).toBe(false);
    for (const error of errors) expect(error).toMatchObject({ name: 'ClosedError', code: 'ERR_LASTBYTE_CLOSED' });
    await closing;
    expect(existsSync(file)).toBe(false);
    expect(sources.map(({ pid }) => pid)).toEqual(sources.map(() => undefined));
  });

  test('those that are being started: who waits is told that it was closed, not that they were killed', async () => {
    for (const maxLive of [1, 5, 100]) {
      const executor = opened({ maxLive });
      const sources = range(1, 20).map(() => start(executor, actor('pause')));
      const waits = Promise.all(sources.map((source) => rejection(source.wait())));
      const closing = executor.close();
      const late = Promise.all(sources.map((source) => rejection(source.wait())));
      for (const error of [...(await waits), ...(await late)]) expect(error.code).toBe('ERR_LASTBYTE_CLOSED');
      await closing;
    }
  });

  test('one that was killed just before is told that', async () => {
    const { executor, queued } = await busy();
    const source = queued(actor('pause'));
    source.kill();
    const wait = rejection(source.wait());
    await executor.close();
    expect(await wait).toMatchObject({ code: 'ECANCELED' });
  });
});
