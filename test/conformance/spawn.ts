import { mkdirSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { SpawnOptions } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { piped } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { scratchPath } from '../support/scratch.js';
import { freshId, type Open, othersRun, refusal, start } from './open.js';

export function spawnSuite(open: Open): void {
  /** What a command prints to stdout. */
  async function printed(file: string, args: string[] = [], options: SpawnOptions = {}): Promise<string> {
    const source = (await open()).spawn(file, args, options);
    const [text, info] = await Promise.all([piped(source.stdout).text(), source.wait()]);
    expect(info.code).toBe(0);
    return text;
  }

  describe('spawn', () => {
    test('returns before the start; started gives the pid, also afterwards', async () => {
      const source = start(await open(), actor('exit', 0));
      expect(source.pid).toBe(undefined);
      const pid = await source.started;
      expect(source.pid).toBe(pid);
      expect((await source.wait()).pid).toBe(pid);
      expect(await source.started).toBe(pid);
    });

    test('takes (file), (file, args), (file, options) and (file, args, options)', async () => {
      const executor = await open();
      const options = { env: { A: 'x' } };
      const sources = [
        executor.spawn('true'),
        executor.spawn('echo', ['a', 'b c', '']),
        executor.spawn('/usr/bin/env', options),
        executor.spawn('/bin/sh', ['-c', 'echo $A'], options),
      ];
      const texts = await Promise.all(sources.map((source) => piped(source.stdout).text()));
      expect(texts).toEqual(['', 'a b c \n', 'A=x\n', 'x\n']);
      await Promise.all(sources.map((source) => source.wait()));
    });

    test('needs no executor around it: the function alone does', async () => {
      const { spawn } = await open();
      expect((await spawn('/bin/true').wait()).code).toBe(0);
    });

    test('passes arguments as they are', async () => {
      const args = ['', ' ', '"', "'", '\\', '$HOME', '`id`', '\n', '-x', 'ä€😀', 'x'.repeat(100_000)];
      expect(await printed('printf', ['%s\\0', ...args])).toBe(args.map((arg) => `${arg}\0`).join(''));
    });

    test('env is the whole environment; undefined values are left out', async () => {
      const env = { A: '1', EMPTY: '', NO: undefined, 'ODD NAME': 'a=b\nc', Ä: '😀' };
      expect(await printed('/usr/bin/env', ['-0'], { env })).toBe('A=1\0EMPTY=\0ODD NAME=a=b\nc\0Ä=😀\0');
      expect(await printed('/usr/bin/env', [], { env: {} })).toBe('');
    });

    test('cwd as a path and as a file: URL', async () => {
      const folder = scratchPath('ä # 100%');
      mkdirSync(folder);
      const real = `${realpathSync(folder)}\n`;
      expect(await printed('pwd', [], { cwd: folder })).toBe(real);
      expect(await printed('pwd', [], { cwd: pathToFileURL(folder) })).toBe(real);
    });

    test('argv0 is what the child sees as its name', async () => {
      expect(await printed(actor().file, ['probe'], { argv0: 'another name' })).toMatch(/^argv0 another name$/m);
    });

    test('shell: file is a command line, args are its parameters', async () => {
      const line = 'printf "<%s>" "$@"; echo $# | tr 3 three';
      expect(await printed(line, ['a b', '; echo no', '$HOME'], { shell: true })).toBe('<a b><; echo no><$HOME>t\n');
    });

    test('arguments, environment and options are those at the call', async () => {
      const executor = await open();
      const args = ['-c', 'echo $A'];
      const env: Record<string, string> = { A: 'before' };
      const options: SpawnOptions = { env };
      const source = executor.spawn('/bin/sh', args, options);
      args[1] = 'echo after';
      env.A = 'after';
      options.stdout = 'ignore';
      expect(await piped(source.stdout).text()).toBe('before\n');
      await source.wait();
    });

    test('256 at once: each has its own code, output and id', async () => {
      const executor = await open();
      const sources = Array.from({ length: 256 }, (_, i) => start(executor, actor('text', `${i}`, 'exit', i)));
      const texts = await Promise.all(sources.map((source) => piped(source.stdout).text()));
      const infos = await Promise.all(sources.map((source) => source.wait()));
      const numbers = sources.map((_, i) => i);
      expect(texts).toEqual(numbers.map(String));
      expect(infos.map(({ code }) => code)).toEqual(numbers);
      expect(new Set(sources.map(({ id }) => id)).size).toBe(256);
    });
  });

  describe('an id', () => {
    test('that is chosen is the execution’s', async () => {
      const id = freshId();
      const source = start(await open(), actor('exit', 0), { id });
      expect(source.id).toBe(id);
      await source.wait();
      expect(source.id).toBe(id);
    });

    test('is refused while it is known, also after the end', async () => {
      const executor = await open();
      const gate = new Gate();
      const id = freshId();
      const first = start(executor, actor('await', gate.path), { id });
      await first.started;
      const again = () => start(executor, actor('exit', 0), { id }).wait();
      const inUse = { name: 'IdInUseError', code: 'ERR_LASTBYTE_ID_IN_USE', id };
      expect(await refusal(again)).toMatchObject(inUse);
      gate.release();
      expect((await first.wait()).code).toBe(0);
      expect(await refusal(again)).toMatchObject(inUse);
      // It has not become another's.
      expect((await executor.attach(id)).pid).toBe(first.pid);
    });

    test('that was not chosen can be asked for and used all the same', async () => {
      const executor = await open();
      const source = start(executor, actor('text', 'mine', 'exit', 5));
      expect(source.id).toMatch(/^.{1,256}$/);
      const again = await executor.attach(source.id);
      expect((await again.wait()).code).toBe(5);
      expect(await piped(again.stdout).text()).toBe('mine');
      const refused = () => start(executor, actor('exit', 0), { id: source.id }).wait();
      expect(await refusal(refused)).toMatchObject({ code: 'ERR_LASTBYTE_ID_IN_USE', id: source.id });
    });
  });

  describe('what can never work', () => {
    const misuses: [string, unknown[], string][] = [
      ['no file', [], "'file' must be a string; got undefined"],
      ['an empty file', [''], "'file' must be a program, not an empty string; got ''"],
      ['NUL in an argument', ['x', ['a\0']], "'args[0]' must be a string without NUL; got 'a\\x00'"],
      ['options that are none', ['x', [], 5], "'options' must be an object; got 5"],
      ['an empty cwd', ['x', { cwd: '' }], "'cwd' must be a directory, not an empty string; got ''"],
      ['a number in env', ['x', { env: { A: 1 } }], "'env.A' must be a string; got 1"],
      ['stdout: 5.5', ['x', { stdout: 5.5 }], "'stdout' must be the number of a descriptor; got 5.5"],
      ['a drain policy', ['x', { drain: 'no' }], "'drain' must be 'eof', { idleMs } or { deadlineMs }; got 'no'"],
      ['a signal', ['x', { killSignal: 'TERM' }], "'killSignal' must be a signal's name; got 'TERM'"],
      ['retainMs', ['x', { retainMs: -1 }], "'retainMs' must be milliseconds from 0 to 2147483647; got -1"],
      ['an empty id', ['x', { id: '' }], "'id' must be a string of 1 to 256 characters; got ''"],
    ];

    test.each(misuses)('%s is refused at the call, by spawn and run', async (_, call, message) => {
      const executor = await open();
      const refusal = { code: 'ERR_LASTBYTE_INVALID_ARGUMENT', message };
      for (const method of [executor.spawn, executor.run] as ((...call: unknown[]) => unknown)[]) {
        expect(() => method(...call)).toThrow(expect.objectContaining(refusal));
      }
    });

    test('an option that there is not is named', async () => {
      const executor = await open();
      const options = { stdio: 'pipe' } as SpawnOptions;
      expect(() => executor.spawn('true', options)).toThrow("'stdio' must be left out: the options are cwd, env, ");
    });

    test('leaves nothing in the list, and no id in use', async () => {
      const executor = await open();
      const id = freshId();
      expect(() => executor.spawn('', { id })).toThrow("'file'");
      await othersRun(executor);
      expect((await executor.list()).filter((entry) => entry.id === id)).toEqual([]);
      expect((await executor.spawn('true', { id }).wait()).code).toBe(0);
    });
  });
}
