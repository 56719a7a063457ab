import { getEventListeners } from 'node:events';
import { InvalidArgumentError, type RunOptions, run } from 'lastbyte';
import { engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';

/** The InvalidArgumentError that this call throws, at once and with nothing started. */
function misuse(...call: unknown[]): InvalidArgumentError {
  const before = engine.stats().live;
  try {
    (run as (...call: unknown[]) => unknown)(...call);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(engine.stats().live).toBe(before);
    return error as InvalidArgumentError;
  }
  throw new Error('It was accepted');
}

const bytes = 'a whole number of bytes, 0 or more';
const milliseconds = 'a number of milliseconds from 1 to 2147483647';

test.each([
  ['maxBytes', -1, `'maxBytes' must be ${bytes}; got -1`],
  ['maxBytes', 1.5, `'maxBytes' must be ${bytes}; got 1.5`],
  ['maxBytes', '1', `'maxBytes' must be ${bytes}; got '1'`],
  ['maxBytes', Number.POSITIVE_INFINITY, `'maxBytes' must be ${bytes}; got Infinity`],
  ['maxBytes', 2 ** 53, `'maxBytes' must be ${bytes}; got 9007199254740992`],
  ['maxBytes', null, `'maxBytes' must be ${bytes}; got null`],
  ['encoding', 'latin1', "'encoding' must be 'utf8' or 'buffer'; got 'latin1'"],
  ['encoding', null, "'encoding' must be 'utf8' or 'buffer'; got null"],
  ['check', 0, "'check' must be a boolean; got 0"],
  ['check', 'no', "'check' must be a boolean; got 'no'"],
  ['input', 5, "'input' must be a string or a Uint8Array; got 5"],
  ['input', ['a'], "'input' must be a string or a Uint8Array; got [ 'a' ]"],
  ['input', new Uint16Array(2), "'input' must be a string or a Uint8Array; got Uint16Array(2) [ 0, 0 ]"],
  ['input', null, "'input' must be a string or a Uint8Array; got null"],
  ['timeoutMs', 0, `'timeoutMs' must be ${milliseconds}; got 0`],
  ['timeoutMs', Number.NaN, `'timeoutMs' must be ${milliseconds}; got NaN`],
  ['timeoutMs', 2 ** 31, `'timeoutMs' must be ${milliseconds}; got 2147483648`],
  ['killSignal', 9, "'killSignal' must be a signal's name; got 9"],
  ['cwd', 'a\0b', "'cwd' must be a string without NUL; got 'a\\x00b'"],
  ['signal', 'x', "'signal' must be an AbortSignal; got 'x'"],
])('%s: %o', (name, value, message) => {
  for (const call of [
    ['true', { [name]: value }],
    ['true', [], { [name]: value }],
  ]) {
    const error = misuse(...call);
    expect(error.message).toBe(message);
    expect(error.argument).toBe(name);
    expect(error.code).toBe('ERR_LASTBYTE_INVALID_ARGUMENT');
  }
});

test.each(['maxBuffer', 'timeout', 'stdio', 'Check', 'ID'])('there is no option %s', (name) => {
  const error = misuse('true', { [name]: undefined });
  expect(error.argument).toBe(name);
  expect(error.message).toMatch(
    /left out: the options are cwd, env, .*, input, .*, maxBytes, encoding, check; got undefined$/,
  );
});

test('an option that a prototype has counts as well', async () => {
  expect(misuse('true', Object.create({ nope: 1 })).argument).toBe('nope');
  const defaults = { check: false };
  expect((await run('false', Object.create(defaults) as RunOptions)).code).toBe(1);
});

test('the arguments are named one by one', () => {
  expect(misuse().argument).toBe('file');
  expect(misuse('true', ['a', null]).argument).toBe('args[1]');
  expect(misuse('true', { env: { A: 5 } }).argument).toBe('env.A');
  expect(misuse('true', { drain: { deadlineMs: '1' } }).argument).toBe('drain.deadlineMs');
});

test('a call that is refused leaves no listener on its signal', () => {
  const { signal } = new AbortController();
  misuse('true', { signal, maxBytes: -1 });
  misuse('true', [5], { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('undefined is left out', async () => {
  const names = ['input', 'maxBytes', 'encoding', 'check', 'timeoutMs', 'signal', 'stdin', 'env', 'cwd'];
  const options: RunOptions = Object.fromEntries(names.map((name) => [name, undefined]));
  expect(await run('echo', ['x'], options)).toMatchObject({ code: 0, stdout: 'x\n' });
});
