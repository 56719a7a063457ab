import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionSummary, Executor, SpawnOptions } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { othersRun, range, start } from '../conformance/open.js';
import { actor, shell } from '../support/actor.js';
import { busy } from '../support/busy.js';
import { all, piped, rejection } from '../support/child.js';
import { opened } from '../support/executors.js';
import { Gate } from '../support/gate.js';
import { runHost } from '../support/host.js';
import { inTime } from '../support/in-time.js';
import { pattern } from '../support/pattern.js';
import { scratch, scratchPath } from '../support/scratch.js';

actor(); // compiled before a host needs it

const statesOf = async (executor: Executor) => (await executor.list()).map(({ state }) => state);

describe('maxLive', () => {
  test('the children count: never more at a time, and all of them run', async () => {
    const folder = scratchPath('live');
    mkdirSync(folder);
    const executor = opened({ maxLive: 3 });
    const words = `cd ${folder}; : > $$; set -- *; echo $#; rm $$`;
    const results = await Promise.all(range(1, 60).map(() => executor.run('sh', ['-c', words])));
    const counts = results.map(({ stdout }) => Number(stdout));
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(readdirSync(folder)).toEqual([]);
    expect(executor.stats()).toMatchObject({ queued: 0, live: 0, total: 60, exited: 60, failed: 0 });
  });

  test('1: they start in the order of the calls', async () => {
    const file = scratchPath('order');
    const executor = opened({ maxLive: 1 });
    await Promise.all(range(1, 40).map((i) => executor.run('sh', ['-c', `echo ${i} >> ${file}`])));
    expect(readFileSync(file, 'utf8')).toBe(
      range(1, 40)
        .map((i) => `${i}\n`)
        .join(''),
    );
  });

  test('each end starts one more, the oldest', async () => {
    const executor = opened({ maxLive: 3 });
    const gates = range(0, 7).map(() => new Gate());
    const sources = gates.map((gate) => start(executor, actor('await', gate.path)));
    const ended = new Set<number>();
    const running = new Set([0, 1, 2]);
    for (const [step, next] of [1, 0, 3, 2, 4].entries()) {
      await Promise.all([...running].map((i) => sources[i]?.started));
      const state = (_: unknown, i: number) => (ended.has(i) ? 'exited' : running.has(i) ? 'running' : 'queued');
      expect(await statesOf(executor)).toEqual(sources.map(state));
      expect(executor.stats()).toMatchObject({ queued: 5 - step, live: 3, retained: step });
      gates[next]?.release();
      await sources[next]?.wait();
      ended.add(next);
      running.delete(next);
      running.add(3 + step);
    }
    for (const gate of gates) gate.release();
    await Promise.all(sources.map((source) => source.wait()));
  });

  test('a reaped one counts as long as its output is held', async () => {
    const executor = opened({ maxLive: 1 });
    const gate = new Gate();
    const first = start(executor, actor('fork', '{', 'await', gate.path, '}', 'exit', 0));
    const second = start(executor, actor('exit', 0));
    await new Promise((resolve) => first.on('reaped', resolve));
    expect(await statesOf(executor)).toEqual(['reaped', 'queued']);
    gate.release();
    expect((await second.wait()).code).toBe(0);
  });

  test('one that can’t be started makes way for the next', async () => {
    const executor = opened({ maxLive: 1 });
    const sources = range(1, 20).map((i) => (i % 2 ? executor.spawn('/nowhere') : start(executor, actor('exit', i))));
    const outcomes = await Promise.all(sources.map((source) => source.wait().catch((error) => error)));
    expect(outcomes.map(({ code }) => code)).toEqual(range(1, 20).map((i) => (i % 2 ? 'ENOENT' : i)));
    expect(executor.stats()).toMatchObject({ queued: 0, live: 0, exited: 10, failed: 10, retained: 20 });
  });

  test('spawn and run wait in the same queue', async () => {
    const { executor, queued, release } = await busy();
    const order = scratchPath('order');
    const ends = range(1, 6).map((i) => {
      const command = shell(`echo ${i} >> ${order}`);
      return i % 2 ? executor.run(command.file, command.args) : queued(command).wait();
    });
    expect(executor.stats()).toMatchObject({ queued: 6, live: 1, total: 7 });
    await release();
    await Promise.all(ends);
    expect(readFileSync(order, 'utf8')).toBe('1\n2\n3\n4\n5\n6\n');
  });
});

describe('one that is queued', () => {
  test('has an id and nothing else; list says so', async () => {
    const { executor, queued, release } = await busy();
    const source = queued(actor('exit', 3), { id: 'waits' });
    expect([source.id, source.pid]).toEqual(['waits', undefined]);
    const entry = (await executor.list())[1] as ExecutionSummary;
    expect(entry).toEqual({ id: 'waits', state: 'queued', ...actor('exit', 3), startedAt: expect.any(Number), seq: 0 });
    expect(await source.read()).toEqual({ events: [], nextSeq: 1, reaped: false, closed: false });
    await release();
    expect((await source.wait()).code).toBe(3);
  });

  test('is waited for, read and attached to as any other', async () => {
    const { executor, queued, release } = await busy();
    const source = queued(actor('text', 'out', 'etext', 'error', 'exit', 4));
    const other = await executor.attach(source.id);
    const heard: string[] = [];
    source.on('stderr', (chunk) => heard.push(String(chunk))).on('exit', ({ code }) => heard.push(`exit ${code}`));
    const asked = Promise.all([
      source.started,
      source.wait(),
      other.wait(),
      source.read({ waitMs: 60_000 }),
      all(other.events()),
      piped(source.stdout).text(),
      piped(other.stdout).text(),
    ]);
    await othersRun(opened());
    expect(heard).toEqual([]);
    await release();
    const [pid, info, same, read, events, ...texts] = await asked;
    expect(info).toMatchObject({ code: 4, pid });
    expect(same).toEqual(info);
    expect(read.events[0]).toEqual(events[0]);
    expect(events.at(-1)).toMatchObject({ type: 'exit', info });
    expect(texts).toEqual(['out', 'out']);
    expect(heard).toEqual(['error', 'exit 4']);
  });

  test('wait with a signal can be given up', async () => {
    const { queued, release } = await busy();
    const source = queued(actor('exit', 5));
    const controller = new AbortController();
    const waiting = source.wait({ signal: controller.signal });
    controller.abort();
    expect(await rejection(waiting)).toMatchObject({ code: 'ABORT_ERR' });
    await release();
    expect((await source.wait()).code).toBe(5);
  });

  test('takes writes and the end of stdin, which come in their order', async () => {
    const { queued, release } = await busy();
    const source = queued(actor('count', 'exit', 6), { stdin: 'pipe' });
    const stdin = piped(source.stdin);
    const answers: string[] = [];
    for (const i of range(0, 9)) stdin.write(pattern(100_000, i * 100_000), () => answers.push(`${i}`));
    stdin.end(() => answers.push('end'));
    const text = piped(source.stdout).text();
    await release();
    expect(await text).toBe('1000000 of 1000000\n');
    expect((await source.wait()).code).toBe(6);
    expect(answers).toEqual([...range(0, 9).map(String), 'end']);
  });

  test('has its input by run', async () => {
    const { executor, release } = await busy();
    const { file, args } = actor('count');
    const running = executor.run(file, args, { input: pattern(2_000_000) });
    await release();
    expect((await running).stdout).toBe('2000000 of 2000000\n');
  });

  test('timeoutMs runs from the start, not from the call', async () => {
    const { executor, queued, release } = await busy();
    const source = queued(actor('pause'), { timeoutMs: 1 });
    await othersRun(opened());
    expect(await statesOf(executor)).toEqual(['running', 'queued']);
    await release();
    expect(await source.wait()).toMatchObject({ reason: 'timedOut', signal: 'SIGTERM' });
  });

  test('a reader that leaves before the start: the child finds its pipe closed', async () => {
    const { queued, release } = await busy();
    const source = queued(actor('ignore', 13, 'forever'));
    await piped(source.stdout)[Symbol.asyncIterator]().return?.();
    await release();
    expect(await source.wait()).toMatchObject({ code: 101, outputComplete: false });
  });
});

describe('the call', () => {
  const misuses: [unknown[], string][] = [
    [['x', ['a', 5]], "'args[1]' must be a string; got 5"],
    [['x', [], { env: { A: 1 } }], "'env.A' must be a string; got 1"],
    [['x', [], { cwd: '' }], "'cwd' must be a directory, not an empty string; got ''"],
    [['x', [], { timeoutMs: 0 }], "'timeoutMs' must be a number of milliseconds from 1 to 2147483647; got 0"],
    [['x', [], { drain: {} }], "'drain' must be 'eof', { idleMs } or { deadlineMs }; got {}"],
    [['x', [], { stdin: 7.5 }], "'stdin' must be the number of a descriptor; got 7.5"],
    [['x', [], { killSignal: 'KILL' }], "'killSignal' must be a signal's name; got 'KILL'"],
  ];

  test.each(misuses)('%j throws there and then, though its turn would come later', async (call, message) => {
    const { executor, release } = await busy();
    for (const method of [executor.spawn, executor.run] as ((...call: unknown[]) => unknown)[]) {
      expect(() => method(...call)).toThrow(message);
    }
    expect(executor.stats()).toMatchObject({ queued: 0, live: 1, total: 1 });
    await release();
  });

  test('arguments, options and the host’s directory and environment are those of the call', async () => {
    const { queued, release } = await busy();
    const before = process.cwd();
    process.env.LASTBYTE_QUEUE = 'at the call';
    const args = ['-c', 'echo $LASTBYTE_QUEUE $1 $PWD', 'sh', 'mine'];
    const env: Record<string, string> = { LASTBYTE_QUEUE: 'own' };
    const options: SpawnOptions = { env };
    const inherits = queued({ file: 'sh', args });
    const relative = queued({ file: 'sh', args }, { cwd: 'test' });
    const own = queued({ file: '/bin/sh', args }, options);
    try {
      process.chdir('/usr');
      process.env.LASTBYTE_QUEUE = 'later';
      args[3] = 'changed';
      env.LASTBYTE_QUEUE = 'changed';
      options.stdout = 'ignore';
      await release();
      expect(await piped(inherits.stdout).text()).toBe(`at the call mine ${before}\n`);
      expect(await piped(relative.stdout).text()).toBe(`at the call mine ${before}/test\n`);
      expect(await piped(own.stdout).text()).toBe(`own mine ${before}\n`);
    } finally {
      process.chdir(before);
      delete process.env.LASTBYTE_QUEUE;
    }
    await Promise.all([inherits.wait(), relative.wait(), own.wait()]);
  });

  test('a file is that of the call, by its path', async () => {
    const { queued, release } = await busy();
    const [before, name] = [process.cwd(), 'of the call'];
    const stdout = { file: name, append: true };
    try {
      process.chdir(scratch);
      const source = queued({ file: 'echo', args: ['here'] }, { stdout });
      process.chdir('/usr');
      stdout.file = 'later';
      stdout.append = false;
      writeFileSync(join(scratch, name), 'before\n');
      await release();
      expect((await source.wait()).code).toBe(0);
      expect(readFileSync(join(scratch, name), 'utf8')).toBe('before\nhere\n');
    } finally {
      process.chdir(before);
    }
  });

  test('a drain policy is that of the call', async () => {
    const { queued, release } = await busy();
    const gate = new Gate();
    const drain = { idleMs: 10 };
    const source = queued(actor('fork', '{', 'await', gate.path, '}', 'exit', 0), { drain });
    drain.idleMs = -1;
    await release();
    expect(await source.wait()).toMatchObject({ code: 0, outputComplete: false });
    gate.release();
  });
});

describe('a host with a queue', () => {
  /** What the host said before it ended. */
  async function host(what: string): Promise<string[]> {
    const gate = new Gate();
    const { lines, code, stderr } = await inTime(runHost('start-queue', { args: [what, gate.path] }));
    // For the child that it may have left.
    gate.release();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return lines;
  }

  test('stays for those that wait', async () => {
    expect(await host('ref')).toEqual(['second 7']);
  });

  test('does not stay where they are unref’d', async () => {
    expect(await host('unref')).toEqual([]);
  });

  test('stays where ref took that back', async () => {
    expect(await host('ref again')).toEqual(['second 7']);
  });

  test('does not stay for one that was killed', async () => {
    expect(await host('killed')).toEqual(['second ECANCELED']);
  });

  test('stays for one beside another that was killed, then unref’d', async () => {
    expect(await host('killed and unref')).toEqual(['third ECANCELED', 'second 7']);
  });
});
