import { LastbyteError, type SpawnOptions, spawn } from 'lastbyte';
import { describe, expect, it } from 'vitest';

/** The message of the InvalidArgumentError that this call throws. */
function misuse(...call: unknown[]): string {
  try {
    (spawn as (...call: unknown[]) => unknown)(...call);
  } catch (error) {
    expect(error).toBeInstanceOf(LastbyteError);
    expect((error as LastbyteError).code).toBe('ERR_LASTBYTE_INVALID_ARGUMENT');
    return (error as Error).message;
  }
  throw new Error('It was accepted');
}

describe('spawn names what is wrong, before anything is started', () => {
  it.each([
    [[], "'file' must be a string; got undefined"],
    [[''], "'file' must be a program, not an empty string; got ''"],
    [['a\0b'], "'file' must be a string without NUL; got 'a\\x00b'"],
    [['x', 'y'], "'args' must be an array of strings; got 'y'"],
    [['x', null], "'args' must be an array of strings; got null"],
    [['x', ['a', 5]], "'args[1]' must be a string; got 5"],
    [['x', ['a\0']], "'args[0]' must be a string without NUL; got 'a\\x00'"],
    [['x', {}, {}], "'args' must be an array of strings; got {}"],
    [['x', [], 5], "'options' must be an object; got 5"],
    [['x', [], null], "'options' must be an object; got null"],
    [['x', [], []], "'options' must be an object; got []"],
  ])('spawn(...%j)', (call, message) => {
    expect(misuse(...call)).toBe(message);
  });

  const stdio = "must be 'ignore', 'pipe', 'inherit', a descriptor";
  it.each([
    [{ cwd: 5 }, "'cwd' must be a string; got 5"],
    [{ cwd: '' }, "'cwd' must be a directory, not an empty string; got ''"],
    [{ cwd: new URL('http://h/') }, "'cwd' must be a path or a file: URL; got 'http://h/'"],
    [{ env: 'A=1' }, "'env' must be an object of strings; got 'A=1'"],
    [{ env: { A: 1 } }, "'env.A' must be a string; got 1"],
    [{ env: { 'A=B': '' } }, "'env' must be names that are not empty and have no '=' or NUL; got 'A=B'"],
    [{ argv0: 1 }, "'argv0' must be a string; got 1"],
    [{ shell: 1 }, "'shell' must be a boolean, or the path or name of a shell; got 1"],
    [{ shell: '' }, "'shell' must be a shell, not an empty string; got ''"],
    [{ stdin: 'x' }, `'stdin' ${stdio} or { file }; got 'x'`],
    [{ stdout: 'x' }, `'stdout' ${stdio} or { file, append }; got 'x'`],
    [{ stderr: 'x' }, `'stderr' ${stdio} or { file, append }, 'stdout'; got 'x'`],
    [{ group: 1 }, "'group' must be a boolean; got 1"],
    [{ signal: {} }, "'signal' must be an AbortSignal; got {}"],
    [{ signal: null }, "'signal' must be an AbortSignal; got null"],
    [{ timeoutMs: 0 }, "'timeoutMs' must be a number of milliseconds from 1 to 2147483647; got 0"],
    [{ timeoutMs: '5s' }, "'timeoutMs' must be a number of milliseconds from 1 to 2147483647; got '5s'"],
    [{ killSignal: 'TERM' }, "'killSignal' must be a signal's name; got 'TERM'"],
    [{ killAfterMs: -1 }, "'killAfterMs' must be a number of milliseconds from 0 to 2147483647; got -1"],
    [{ drain: 'never' }, "'drain' must be 'eof', { idleMs } or { deadlineMs }; got 'never'"],
    [{ drain: { idleMs: -1 } }, "'drain.idleMs' must be a number of milliseconds from 0 to 2147483647; got -1"],
    [{ retainBytes: -1 }, "'retainBytes' must be a whole number of bytes from 0 to 1073741824; got -1"],
    [{ retainMs: -1 }, "'retainMs' must be milliseconds from 0 to 2147483647; got -1"],
    [{ retainMs: 2 ** 31 }, "'retainMs' must be milliseconds from 0 to 2147483647; got 2147483648"],
    [{ id: '' }, "'id' must be a string of 1 to 256 characters; got ''"],
    [{ id: 7 }, "'id' must be a string of 1 to 256 characters; got 7"],
    [{ retainBytes: 1.5 }, "'retainBytes' must be a whole number of bytes from 0 to 1073741824; got 1.5"],
  ])('with %o', (options, message) => {
    expect(misuse('true', options)).toBe(message);
    expect(misuse('true', [], options)).toBe(message);
  });

  it.each(['terminal', 'uid', 'RetainMs', 'stdio', 'timeout', 'Cwd'])('there is no option %s', (name) => {
    expect(misuse('true', { [name]: 1 })).toMatch(
      new RegExp(`^'${name}' must be left out: the options are cwd, env, .*; got 1$`),
    );
    expect(misuse('true', { [name]: undefined })).toContain(`'${name}' must be left out`);
  });

  it('checks the command line and the parameters of a shell', () => {
    expect(misuse(5, { shell: true })).toBe("'file' must be a string; got 5");
    expect(misuse('', { shell: true })).toBe("'file' must be a command line, not an empty string; got ''");
    expect(misuse('x', [1], { shell: true })).toBe("'args[0]' must be a string; got 1");
    expect(misuse('x', 'y', { shell: true })).toBe("'args' must be an array of strings; got 'y'");
  });

  it('checks everything although the signal was aborted beforehand', () => {
    expect(misuse('true', [1], { signal: AbortSignal.abort() })).toBe("'args[0]' must be a string; got 1");
  });

  it('takes undefined for left out', async () => {
    const names = ['cwd', 'env', 'argv0', 'shell', 'stdin', 'stdout', 'stderr', 'group', 'signal', 'timeoutMs'];
    const more = ['killSignal', 'killAfterMs', 'drain', 'retainBytes'];
    const options: SpawnOptions = Object.fromEntries([...names, ...more].map((name) => [name, undefined]));
    expect((await spawn('true', undefined, options).wait()).code).toBe(0);
  });
});
