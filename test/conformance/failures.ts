import { chmodSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { SpawnOptions } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { all, piped, rejection } from '../support/child.js';
import { scratchPath } from '../support/scratch.js';
import { type Open, othersRun, range, refusal } from './open.js';

const { ENOENT, EACCES, E2BIG } = constants.errno;

function file(name: string, content: string, mode: number): string {
  const path = scratchPath(name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

interface Failure {
  call: () => [file: string, args?: string[], options?: SpawnOptions];
  error: { code: string; errno: number; stage: string; syscall: string; cwd?: string };
}

const failures: Record<string, Failure> = {
  'a program that is not there': {
    call: () => ['/nowhere/program'],
    error: { code: 'ENOENT', errno: -ENOENT, stage: 'program', syscall: 'spawn' },
  },
  'a program that is not in PATH': {
    call: () => ['surely-not-a-program', [], { env: { PATH: '/bin' } }],
    error: { code: 'ENOENT', errno: -ENOENT, stage: 'program', syscall: 'spawn' },
  },
  'a directory that is not there': {
    call: () => ['true', [], { cwd: '/nowhere' }],
    error: { code: 'ENOENT', errno: -ENOENT, stage: 'cwd', syscall: 'chdir', cwd: '/nowhere' },
  },
  'an interpreter that is not there': {
    call: () => [file('script', '#!/nowhere/interpreter\n', 0o755)],
    error: { code: 'ENOENT', errno: -ENOENT, stage: 'interpreter', syscall: 'spawn' },
  },
  'a file that may not be executed': {
    call: () => [file('data', 'x', 0o644)],
    error: { code: 'EACCES', errno: -EACCES, stage: 'program', syscall: 'spawn' },
  },
  'an argument that is too long': {
    call: () => ['/bin/true', ['x'.repeat(300_000)]],
    error: { code: 'E2BIG', errno: -E2BIG, stage: 'spawn', syscall: 'spawn' },
  },
};

export function failuresSuite(open: Open): void {
  describe.each(Object.entries(failures))('%s', (_, { call, error }) => {
    test('is one typed error, by wait and by run', async () => {
      const executor = await open();
      const [program, args, options] = call();
      const source = executor.spawn(program, args, options);
      const expected = { name: 'SpawnError', file: program, ...error };
      expect(await rejection(source.wait())).toMatchObject({ ...expected, id: source.id });
      const running = executor.run(program, args, options);
      expect(await rejection(running)).toMatchObject({ ...expected, id: running.subprocess.id });
      expect((await executor.run('echo', ['next'])).stdout).toBe('next\n');
    });
  });

  describe('a failed start', () => {
    const enoent = { name: 'SpawnError', code: 'ENOENT', file: '/nowhere' };

    test('rejects everything that is asked for, before and after it is known', async () => {
      const source = (await open()).spawn('/nowhere', { stdin: 'pipe' });
      const questions = [
        () => source.started,
        () => source.wait(),
        () => source.read({ waitMs: 60_000 }),
        () => all(source.events()),
        () => all(source.events({ lossless: true })),
      ];
      const early = [...questions, () => piped(source.stdout).text()].map(refusal);
      for (const error of await Promise.all(early)) expect(error).toMatchObject(enoent);
      const late = [...questions, () => piped(source.stderr).text(), () => source.terminate()].map(refusal);
      for (const error of await Promise.all(late)) expect(error).toMatchObject(enoent);
      expect([source.pid, source.kill(), source.kill(0)]).toEqual([undefined, false, false]);
    });

    test('has neither reaped nor exit', async () => {
      const executor = await open();
      const source = executor.spawn('/nowhere');
      const seen: string[] = [];
      for (const event of ['reaped', 'exit'] as const) source.on(event, () => seen.push(event));
      await rejection(source.wait());
      for (const event of ['reaped', 'exit'] as const) source.on(event, () => seen.push(event));
      await othersRun(executor);
      expect(seen).toEqual([]);
    });

    test('stdin: what was written fails with the same error', async () => {
      const source = (await open()).spawn('/nowhere', { stdin: 'pipe' });
      const answer = await new Promise((resolve) => piped(source.stdin).write('x', resolve));
      expect(answer).toMatchObject(enoent);
      await rejection(source.wait());
    });

    test('nobody looks: nothing happens, and others go on', async () => {
      const executor = await open();
      const ids = range(1, 20).map(() => executor.spawn('/nowhere', { stdin: 'pipe' }).id);
      const states = async () => (await executor.list()).filter(({ id }) => ids.includes(id)).map(({ state }) => state);
      while ((await states()).some((state) => state !== 'failed')) await othersRun(executor);
      expect(await states()).toEqual(ids.map(() => 'failed'));
    });
  });
}
