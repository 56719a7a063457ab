import { InvalidArgumentError } from 'lastbyte';
import { type ExecutionRequest, engine, execute } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { record } from '../support/record.js';

const wrong: [string, Record<string, unknown>][] = [
  ['file', { file: undefined }],
  ['file', { file: '' }],
  ['file', { file: 'a\0b' }],
  ['args', { args: 'x' }],
  ['args[1]', { args: ['a', 1] }],
  ['args[0]', { args: ['a\0b'] }],
  ['argv0', { argv0: 1 }],
  ['cwd', { cwd: '' }],
  ['cwd', { cwd: 1 }],
  ['env', { env: 'A=1' }],
  ['env', { env: { '': 'x' } }],
  ['env', { env: { 'A=B': 'x' } }],
  ['env.A', { env: { A: 1 } }],
  ['env.A', { env: { A: 'x\0y' } }],
  ['stdin', { stdin: 'tty' }],
  ['stdout', { stdout: 1.5 }],
  ['stdout', { stdout: 'stdout' }],
  ['stderr', { stderr: 'out' }],
  ['stdin.file', { stdin: { file: '' } }],
  ['stdin.append', { stdin: { file: 'a', append: true } }],
  ['group', { group: 'yes' }],
  ['timeoutMs', { timeoutMs: 0 }],
  ['timeoutMs', { timeoutMs: 2 ** 31 }],
  ['timeoutMs', { timeoutMs: Number.NaN }],
  ['killSignal', { killSignal: 'SIGNONE' }],
  ['killSignal', { killSignal: 9 }],
  ['killAfterMs', { killAfterMs: -1 }],
  ['drain', { drain: 'later' }],
  ['drain', { drain: {} }],
  ['drain', { drain: { idleMs: 1, deadlineMs: 1 } }],
  ['drain.idleMs', { drain: { idleMs: -1 } }],
  ['drain.deadlineMs', { drain: { deadlineMs: '5' } }],
  ['windowBytes', { windowBytes: 4095 }],
  ['windowBytes', { windowBytes: 2 ** 30 + 1 }],
  ['windowBytes', { windowBytes: 5000.5 }],
];

test.each(wrong)('%s: %o is refused at the call', (argument, fields) => {
  const request = { file: '/bin/true', ...fields } as ExecutionRequest;
  let thrown: unknown;
  try {
    execute(request);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidArgumentError);
  expect(thrown).toMatchObject({ code: 'ERR_LASTBYTE_INVALID_ARGUMENT', argument });
  expect(engine.stats().live).toBe(0);
});

test('arguments of an execution’s methods are checked as well', async () => {
  const child = record({ file: '/bin/cat', stdin: 'pipe' });
  const { execution } = child;
  const bad: [string, () => void][] = [
    ['signal', () => execution.kill('SIGNONE' as never)],
    ['signal', () => execution.kill(65)],
    ['killSignal', () => execution.terminate('killed', 'x' as never)],
    ['graceMs', () => execution.terminate('killed', 'SIGTERM', -1)],
    ['callback', () => execution.wait(undefined as never)],
    ['data', () => execution.write('text' as never)],
  ];
  for (const [argument, call] of bad) expect(call).toThrow(expect.objectContaining({ argument }));
  execution.end();
  expect((await child.wait()).reason).toBe('exited');
});

test('a refused request does not keep the next one from working', async () => {
  expect(() => execute({ file: '' })).toThrow(InvalidArgumentError);
  expect((await record({ file: '/bin/true' }).wait()).code).toBe(0);
});
