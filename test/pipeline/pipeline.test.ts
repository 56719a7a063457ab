import { createExecutor, pipeline, run } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { piped } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { holdings } from '../support/leaks.js';
import { pattern } from '../support/pattern.js';

const stage = ({ file, args }: { file: string; args: string[] }) => [file, args] as const;

describe('a chain', () => {
  test('of two', async () => {
    const chain = pipeline([
      ['seq', ['100000']],
      ['wc', ['-l']],
    ]);
    expect(await piped(chain.stdout).text()).toBe('100000\n');
    expect(await chain.wait()).toMatchObject({ ok: true, failed: [], exits: [{ code: 0 }, { code: 0 }] });
  });

  test('of one is a child', async () => {
    const chain = pipeline([['echo', ['one']]]);
    expect(await piped(chain.stdout).text()).toBe('one\n');
    expect((await chain.wait()).ok).toBe(true);
  });

  test('of ten stages passes every byte on', async () => {
    const chain = pipeline([stage(actor('out', 3_000_000)), ...Array.from({ length: 9 }, () => ['cat'] as const)]);
    expect((await piped(chain.stdout).bytes()).equals(pattern(3_000_000))).toBe(true);
    expect((await chain.wait()).ok).toBe(true);
  });

  test('has the stdin of its first, and errors of each', async () => {
    const chain = pipeline([
      ['sh', ['-c', 'echo first >&2; cat'], { stdin: 'pipe' }],
      ['tr', ['a-z', 'A-Z']],
      ['sh', ['-c', 'cat; echo last >&2']],
    ]);
    const errors = chain.stages.map((each) => piped(each.stderr).text());
    chain.stdin?.end('words');
    expect(await piped(chain.stdout).text()).toBe('WORDS');
    expect(await Promise.all(errors)).toEqual(['first\n', '', 'last\n']);
    expect(chain.stages.slice(0, 2).map(({ stdout }) => stdout)).toEqual([null, null]);
  });

  test('takes input for its first, and errors of a stage may go the same way as its output', async () => {
    const chain = pipeline([
      ['sh', ['-c', 'cat; echo err >&2'], { input: 'in\n', stderr: 'stdout' }],
      ['sort', []],
    ]);
    expect(await piped(chain.stdout).text()).toBe('err\nin\n');
  });

  test('runs at once, also beyond maxLive', async () => {
    const executor = createExecutor({ maxLive: 1 });
    const gate = new Gate();
    const busy = executor.spawn('sh', ['-c', `read x < ${gate.path}`]);
    const chain = executor.pipeline([['echo', ['through']], ['cat'], ['cat']]);
    expect(await piped(chain.stdout).text()).toBe('through\n');
    gate.release();
    await busy.wait();
    expect((await executor.list()).map(({ file }) => file)).toEqual(['sh', 'echo', 'cat', 'cat']);
    await executor.close();
  });
});

describe('what fails', () => {
  test('is named: a code, a signal, a stage whose reader has gone', async () => {
    const chain = pipeline([['yes'], ['head', ['-n', '2']], ['sh', ['-c', 'cat; exit 3']]]);
    expect(await piped(chain.stdout).text()).toBe('y\ny\n');
    expect(await chain.wait()).toMatchObject({
      ok: false,
      failed: [
        { stage: 0, file: 'yes', info: { code: null, signal: 'SIGPIPE' } },
        { stage: 2, file: 'sh', info: { code: 3 } },
      ],
    });
  });

  test.each([0, 1, 2])(
    'where stage %i can’t be started, the others find their pipe closed, and nothing is left',
    async (bad) => {
      await run('true');
      const before = holdings();
      const stages = [['yes'], ['cat'], ['wc', ['-c']]].map((each, i) => (i === bad ? ['no-such-program'] : each));
      const chain = pipeline(stages as unknown as Parameters<typeof pipeline>[0]);
      const { ok, failed, exits } = await chain.wait();
      expect(ok).toBe(false);
      expect(failed.find(({ stage }) => stage === bad)).toMatchObject({
        file: 'no-such-program',
        error: { code: 'ENOENT' },
      });
      expect(exits[bad]).toBe(undefined);
      expect(exits.filter((exit) => exit !== undefined)).toHaveLength(2);
      expect(holdings()).toEqual(before);
    },
  );

  test('kill and terminate reach all stages', async () => {
    const chain = pipeline([
      ['sleep', ['1000']],
      ['sleep', ['1000']],
      ['sleep', ['1000']],
    ]);
    await Promise.all(chain.stages.map(({ started }) => started));
    expect(chain.kill(0)).toBe(true);
    const { exits } = await chain.terminate();
    expect(exits.map((exit) => exit?.signal)).toEqual(['SIGTERM', 'SIGTERM', 'SIGTERM']);
    expect(chain.kill()).toBe(false);
  });

  test('await using ends it', async () => {
    let stages: ReturnType<typeof pipeline>['stages'];
    {
      await using chain = pipeline([['sleep', ['1000']], ['cat']]);
      stages = chain.stages;
    }
    expect(stages.map((each) => each.kill(0))).toEqual([false, false]);
  });
});

describe('misuse is named, and nothing is started', () => {
  test.each([
    [[], "'stages' must be an array of one or more [file, args?, options?]; got []"],
    ['ls', "'stages' must be an array of one or more [file, args?, options?]; got 'ls'"],
    [['ls'], "'stages[0]' must be [file, args?, options?]; got 'ls'"],
    [
      [['a'], ['b', [], { stdin: 'pipe' }]],
      "'stages[1].stdin' must be left out: that is a pipe to its neighbour; got 'pipe'",
    ],
    [
      [['a'], ['b', [], { input: 'x' }]],
      "'stages[1].input' must be left out: that is a pipe to its neighbour; got 'x'",
    ],
    [
      [['a', [], { stdout: 'ignore' }], ['b']],
      "'stages[0].stdout' must be left out: that is a pipe to its neighbour; got 'ignore'",
    ],
    [[['a', [], { shel: true }]], "'stages[0].shel' must be left out: the options are cwd, env,"],
    [[['a'], ['b', [], 5]], "'stages[1][2]' must be an object; got 5"],
    [[['a'], ['b', [1]]], "'args[0]' must be a string; got 1"],
  ])('%j', async (stages, message) => {
    const executor = createExecutor();
    expect(() => executor.pipeline(stages as unknown as [])).toThrow(message);
    expect(await executor.list()).toEqual([]);
    await executor.close();
  });
});
