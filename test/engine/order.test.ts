import { execute } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { record } from '../support/record.js';

test('a silent child: Started, Reaped, Exit, Wait', async () => {
  const child = record({ file: '/bin/true' });
  await child.wait();
  expect(child.log).toBe('SrXW');
});

test('a child that speaks on both streams has all of it delivered before Exit and Wait', async () => {
  const child = record(actor('out', 100_000, 'err', 50_000, 'out', 100_000, 'exit', 3));
  const info = await child.wait();
  expect(child.log).toMatch(/^S[oer]+XW$/);
  expect(child.stdout.matched).toBe(200_000);
  expect(child.stderr.matched).toBe(50_000);
  expect(info).toMatchObject({ pid: child.pid, code: 3, signal: null, reason: 'exited', outputComplete: true });
});

test('each stream ends once, after its last byte and before Exit', async () => {
  const ends: string[] = [];
  const child = record(actor('out', 70_000, 'err', 10), {
    on: {
      onStreamEnd: (stream) => ends.push(`${stream} after ${child.stdout.length} and ${child.stderr.length}`),
      onExit: () => ends.push('exit'),
    },
  });
  await child.wait();
  expect(ends.at(-1)).toBe('exit');
  expect(ends.slice(0, -1).sort()).toEqual([
    expect.stringMatching(/^1 after 70000 and/),
    expect.stringMatching(/^2 after \d+ and 10$/),
  ]);
});

test('a stream that the child closes early has its end delivered while the child lives on', async () => {
  const child = record(actor('text', 'bye', 'close', 1, 'pause'), {
    on: {
      onStreamEnd: (stream) => {
        if (stream === 1) child.execution.kill('SIGKILL');
      },
    },
  });
  expect(await child.wait()).toMatchObject({ signal: 'SIGKILL', outputComplete: true });
  expect(child.stdout.text).toBe('bye');
});

test('the output of executions that run together is not mixed up', async () => {
  const children = Array.from({ length: 40 }, (_, i) => record(shell(`echo out ${i}; echo err ${i} >&2; exit ${i}`)));
  const infos = await Promise.all(children.map((child) => child.wait()));
  expect(infos.map(({ code }) => code)).toEqual(children.map((_, i) => i));
  expect(children.map((child) => child.stdout.text)).toEqual(children.map((_, i) => `out ${i}\n`));
  expect(children.map((child) => child.stderr.text)).toEqual(children.map((_, i) => `err ${i}\n`));
});

test('the engine calls nobody before execute has returned', async () => {
  let returned = false;
  const early: string[] = [];
  const note = (what: string) => () => {
    if (!returned) early.push(what);
  };
  const child = record(
    { file: '/bin/echo', args: ['x'] },
    { on: { onStarted: note('started'), onStdout: note('stdout'), onExit: note('exit') } },
  );
  // The child has ended and everything is queued before this turn of the event loop is over.
  while (child.execution.kill(0)) {}
  returned = true;
  await child.wait();
  expect(early).toEqual([]);
});

test('without callbacks the output is read and thrown away, and a wait is answered', async () => {
  const execution = execute(actor('out', 3_000_000, 'err', 3_000_000, 'exit', 4));
  const info = await new Promise((resolve, reject) => {
    execution.wait((error, outcome) => (error ? reject(error) : resolve(outcome)));
  });
  expect(info).toMatchObject({ code: 4, outputComplete: true });
});

test('a stream that is not piped brings no events', async () => {
  const child = record({ ...shell('echo lost; echo kept >&2'), stdout: 'ignore' });
  await child.wait();
  expect(child.log).toMatch(/^S(er|re)XW$/);
});

test('the figures of an exit are those of the child', async () => {
  const child = record(shell('i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'));
  const info = await child.wait();
  expect(info.usage.userMs + info.usage.systemMs).toBeGreaterThan(1);
  expect(info.usage.maxRssBytes).toBeGreaterThan(100_000);
  expect(info.durationMs).toBeGreaterThan(1);
  expect(info.dropped).toEqual({ stdout: 0, stderr: 0 });
});
