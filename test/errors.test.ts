import { inspect } from 'node:util';
import {
  AbortError,
  AttachedError,
  ClosedError,
  InvalidArgumentError,
  LastbyteError,
  MaxBytesError,
  NoBinaryError,
  RunError,
  type RunResult,
  SpawnError,
  StatusLostError,
} from 'lastbyte';
import { describe, expect, it } from 'vitest';

const info = {
  pid: 7,
  code: 3,
  signal: null,
  reason: 'exited' as const,
  outputComplete: true,
  dropped: { stdout: 0, stderr: 0 },
  durationMs: 1,
  usage: { userMs: 0, systemMs: 0, maxRssBytes: 0 },
};
const result: RunResult = { ...info, stdout: 'out', stderr: 'err', file: 'x', args: ['y'] };

describe('every error', () => {
  const spawnFields = { code: 'ENOENT', stage: 'program', file: 'x', errno: -2, syscall: 'spawn', id: 'a-1' } as const;
  const all: [LastbyteError, string, string][] = [
    [new InvalidArgumentError('cwd', 'a string', 1), 'InvalidArgumentError', 'ERR_LASTBYTE_INVALID_ARGUMENT'],
    [new SpawnError('m', spawnFields), 'SpawnError', 'ENOENT'],
    [new ClosedError('m'), 'ClosedError', 'ERR_LASTBYTE_CLOSED'],
    [new StatusLostError(info), 'StatusLostError', 'ERR_LASTBYTE_STATUS_LOST'],
    [new NoBinaryError('m'), 'NoBinaryError', 'ERR_LASTBYTE_NO_BINARY'],
    [new AttachedError('m'), 'AttachedError', 'ERR_LASTBYTE_ATTACHED'],
    [new AbortError('m', 'why'), 'AbortError', 'ABORT_ERR'],
    [new MaxBytesError('m', { stream: 'stdout', maxBytes: 5 }), 'MaxBytesError', 'ERR_LASTBYTE_MAX_BYTES'],
    [new RunError('m', result), 'RunError', 'ERR_LASTBYTE_RUN_FAILED'],
    [new RunError('m', { ...result, reason: 'timedOut' }), 'RunError', 'ERR_LASTBYTE_TIMEOUT'],
  ];

  it.each(all)('%o is a LastbyteError with the name %s and the code %s', (error, name, code) => {
    expect(error).toBeInstanceOf(LastbyteError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error.code).toBe(code);
    expect(error.stack).toMatch(new RegExp(`^${name}: `));
  });

  it('has only the fields that apply', () => {
    expect(Object.keys(new ClosedError('m', { id: 'a-1', file: undefined }))).toEqual(['code', 'id']);
    expect('cause' in new ClosedError('m')).toBe(false);
  });
});

describe('InvalidArgumentError', () => {
  it('says what was wrong, what was expected and what came', () => {
    expect(new InvalidArgumentError('timeoutMs', 'a number', '5s').message).toBe(
      "'timeoutMs' must be a number; got '5s'",
    );
    expect(new InvalidArgumentError('cwd', 'a string', undefined).message).toBe(
      "'cwd' must be a string; got undefined",
    );
    expect(new InvalidArgumentError('env.A', 'a string', { deep: { er: 1 } }).message).toBe(
      "'env.A' must be a string; got { deep: [Object] }",
    );
  });

  it('cuts long values', () => {
    expect(new InvalidArgumentError('file', 'short', 'x'.repeat(1e6)).message.length).toBeLessThan(200);
    expect(new InvalidArgumentError('file', 'short', new Array(1e6).fill('abc')).message.length).toBeLessThan(200);
  });
});

describe('SpawnError', () => {
  it('has the fields that a program needs', () => {
    const error = new SpawnError('m', {
      code: 'ENOENT',
      errno: -2,
      syscall: 'chdir',
      stage: 'cwd',
      file: 'ls',
      cwd: '/x',
      id: 'a-1',
    });
    expect(error).toMatchObject({ errno: -2, syscall: 'chdir', stage: 'cwd', file: 'ls', cwd: '/x', id: 'a-1' });
  });
});

describe('RunError', () => {
  const error = new RunError('m', result, { file: 'x', id: 'a-1' });

  it('carries the whole result', () => {
    expect(error.result).toBe(result);
    expect(error).toMatchObject({ stdout: 'out', stderr: 'err', exitCode: 3, signal: null, reason: 'exited' });
    expect(error.args).toEqual(['y']);
  });

  it('shows the output once in a log', () => {
    expect(inspect(error).split("'out'").length).toBe(2);
  });
});

it('AbortError has the reason as its cause, and no result unless there is one', () => {
  const reason = new Error('enough');
  expect(new AbortError('m', reason).cause).toBe(reason);
  expect('result' in new AbortError('m', reason)).toBe(false);
  expect(new AbortError('m', reason, { result }).result).toBe(result);
});
