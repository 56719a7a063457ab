import { ClosedError } from 'lastbyte';
import { Engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { Gate } from '../support/gate.js';
import { holdings, stateOf } from '../support/leaks.js';
import { pattern } from '../support/pattern.js';
import { type Recording, record } from '../support/record.js';

const closedError = { code: 'ERR_LASTBYTE_CLOSED' };

/** Starts these in an engine of their own, and waits until they run. */
async function running(
  ...requests: Parameters<typeof record>[0][]
): Promise<{ engine: Engine; children: Recording[] }> {
  const engine = new Engine();
  const children = requests.map((request) => record(request, { engine, keep: false }));
  await Promise.all(children.map((child) => child.until(() => child.log.startsWith('S'))));
  return { engine, children };
}

test('closing ends what runs, with its descendants; each has its Exit, with reason closed', async () => {
  const { engine, children } = await running(
    actor('pause'),
    actor('forever'),
    actor('fork', '{', 'pause', '}', 'pause'),
  );
  const pids = children.map(({ pid }) => pid);
  await engine.close();
  expect(pids.map(stateOf)).toEqual([undefined, undefined, undefined]);
  expect(children.map(({ execution }) => execution.info)).toEqual(
    pids.map((pid) => expect.objectContaining({ pid, signal: 'SIGKILL', reason: 'closed' })),
  );
});

test('closing rejects every open waiter with ClosedError', async () => {
  const { engine, children } = await running(actor('pause'));
  const waits = Array.from({ length: 10 }, () => children[0]?.wait());
  const closing = engine.close();
  for (const wait of waits) {
    await expect(wait).rejects.toBeInstanceOf(ClosedError);
    await expect(wait).rejects.toMatchObject(closedError);
  }
  await closing;
});

test('a second close does nothing, and is answered with the first', async () => {
  const { engine, children } = await running(actor('pause'));
  const closings = [engine.close(), engine.close()];
  await Promise.all(closings);
  await engine.close();
  expect(children[0]?.log).toBe('SrX');
});

test('a closed engine starts nothing any more', async () => {
  const engine = new Engine();
  await engine.close();
  expect(() => engine.execute({ file: '/bin/true' })).toThrow(ClosedError);
  expect(() => engine.stats()).toThrow(ClosedError);
});

test('from the moment of closing nothing is started', async () => {
  const { engine } = await running(actor('pause'));
  const closing = engine.close();
  expect(() => engine.execute({ file: '/bin/true' })).toThrow(expect.objectContaining(closedError));
  await closing;
});

test('closing while starts are under way: each was started and ended, or never was', async () => {
  const engine = new Engine();
  const children = Array.from({ length: 300 }, () => record(actor('pause'), { engine }));
  await engine.close();
  const outcomes = await Promise.all(children.map((child) => child.exit.catch((error) => error)));
  expect(outcomes.filter(({ reason, code }) => reason !== 'closed' && code !== 'ECANCELED')).toEqual([]);
  expect(holdings().children).toEqual([]);
});

test('closing is not held up by a grandchild that has left the group', async () => {
  const gate = new Gate();
  const { engine, children } = await running(
    actor('fork', '{', 'setsid', 'text', 'x', 'await', gate.path, '}', 'pause'),
  );
  await children[0]?.until(() => children[0]?.stdout.length === 1);
  await engine.close();
  expect(children[0]?.execution.info).toMatchObject({ reason: 'closed', outputComplete: false });
  gate.release();
});

test('closing is not held up by a paused stream, nor by credit that never comes', async () => {
  const { engine, children } = await running(actor('forever'), {
    ...actor('forever'),
    credit: 'manual',
    windowBytes: 4096,
  });
  children[0]?.execution.pause();
  await Promise.all(children.map((child) => child.until(() => child.stdout.length >= 4096 || child === children[0])));
  await engine.close();
  expect(children.map(({ log }) => log.at(-1))).toEqual(['X', 'X']);
});

test('closing answers the writes that are under way', async () => {
  const { engine, children } = await running({ ...actor('pause'), stdin: 'pipe' });
  const answers: (number | null)[] = [];
  for (let i = 0; i < 3; i++) children[0]?.execution.write(pattern(1_000_000), (errno) => answers.push(errno));
  await engine.close();
  expect(answers).toEqual([32, 32, 32]);
});

test('a write after closing is answered as well', async () => {
  const { engine, children } = await running({ ...actor('pause'), stdin: 'pipe' });
  await engine.close();
  const answer = await new Promise((resolve) => children[0]?.execution.write(pattern(10), resolve));
  expect(answer).toBe(32);
});

test('a write to a settled execution just before closing is answered', async () => {
  const engine = new Engine();
  const child = record({ ...actor('exit', 0), stdin: 'pipe' }, { engine });
  await child.exit;
  const answer = new Promise((resolve) => child.execution.write(pattern(10), resolve));
  await engine.close();
  expect(await answer).toBe(32);
});

test.each(['onStarted', 'onStdout', 'onReaped', 'onExit'] as const)(
  'an engine can be closed in %s',
  async (callback) => {
    const engine = new Engine();
    let closing: Promise<void> | undefined;
    const close = () => {
      closing = engine.close();
    };
    const children = [
      record(actor('text', 'x', 'exit', 0), { engine, on: { [callback]: close } }),
      ...Array.from({ length: 10 }, () => record(actor('text', 'x', 'pause'), { engine })),
    ];
    await Promise.all(children.map((child) => child.exit.catch((error) => expect(error.code).toBe('ECANCELED'))));
    await closing;
    expect(children.filter(({ execution }) => !execution.settled)).toEqual([]);
  },
);

test('after closing, the facts of what had settled are still there', async () => {
  const engine = new Engine();
  const settled = record(actor('exit', 3), { engine });
  await settled.exit;
  const ended = record(actor('pause'), { engine });
  await ended.until(() => ended.log === 'S');
  await engine.close();
  expect(await settled.wait()).toMatchObject({ code: 3, reason: 'exited' });
  expect(await ended.wait()).toMatchObject({ reason: 'closed' });
});

test('the methods of an execution are harmless after closing', async () => {
  const { engine, children } = await running(actor('pause'));
  await engine.close();
  const { execution } = children[0] as Recording;
  expect(execution.kill()).toBe(false);
  expect(execution.terminate()).toBe(false);
  for (const call of ['pause', 'resume', 'end', 'ref', 'unref', 'expectStarted'] as const) execution[call]();
  execution.cancel(1);
  execution.consumed(1, 10_000_000);
});

test('the last engine takes the threads and descriptors with it', async () => {
  const before = holdings();
  const engines = [new Engine(), new Engine()];
  for (const engine of engines) await record(actor('out', 1000), { engine }).wait();
  expect(holdings().threads).toBeGreaterThan(before.threads);
  await engines[0]?.close();
  expect(engines[1]?.stats().threads).toBeGreaterThan(0);
  await engines[1]?.close();
  expect(holdings()).toEqual(before);
});
