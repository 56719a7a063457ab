import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { SpawnError } from 'lastbyte';
import { type ExecutionRequest, engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { holdings } from '../support/leaks.js';
import { record } from '../support/record.js';
import { scratch, scratchPath } from '../support/scratch.js';

const { errno } = constants;

function executable(name: string, content: string): string {
  const path = scratchPath(name);
  writeFileSync(path, content);
  chmodSync(path, 0o755);
  return path;
}

/** Fails to start it several times, and shows that nothing is left of that. Gives the error. */
async function failure(request: ExecutionRequest): Promise<SpawnError> {
  await record({ file: '/bin/true' }).wait();
  const before = holdings();
  const errors: SpawnError[] = [];
  for (let i = 0; i < 5; i++) {
    const child = record({ stdin: 'pipe', ...request });
    errors.push((await child.exit.catch((error) => error)) as SpawnError);
    expect(child.log).toBe('F');
    expect(child.execution.settled).toBe(true);
    expect(child.execution.pid).toBe(undefined);
  }
  expect(holdings()).toEqual(before);
  expect(engine.stats().live).toBe(0);
  expect((await record(actor('exit', 3)).wait()).code).toBe(3);
  const [error] = errors;
  expect(error).toBeInstanceOf(SpawnError);
  expect(error?.id).toMatch(/^\d+$/);
  expect(error?.file).toBe(request.file);
  return error as SpawnError;
}

test('a program that is not there: ENOENT, stage program', async () => {
  const error = await failure({ file: '/nowhere/to/be/found' });
  expect(error).toMatchObject({ code: 'ENOENT', errno: -errno.ENOENT, syscall: 'spawn', stage: 'program' });
  expect(error.message).toContain("'/nowhere/to/be/found'");
});

test('a program that is not in PATH: ENOENT, stage program', async () => {
  expect(await failure({ file: 'surely-not-a-program' })).toMatchObject({ code: 'ENOENT', stage: 'program' });
});

test('a working directory that is not there: ENOENT, stage cwd', async () => {
  const error = await failure({ file: '/bin/true', cwd: '/nowhere' });
  expect(error).toMatchObject({ code: 'ENOENT', syscall: 'chdir', stage: 'cwd', cwd: '/nowhere' });
  expect(error.message).toContain("'/nowhere'");
});

test('a working directory that is a file: ENOTDIR, stage cwd', async () => {
  const file = scratchPath('file');
  writeFileSync(file, '');
  expect(await failure({ file: '/bin/true', cwd: file })).toMatchObject({ code: 'ENOTDIR', stage: 'cwd' });
});

test('both missing: the working directory is named, since it comes first', async () => {
  expect(await failure({ file: '/nowhere/program', cwd: '/nowhere' })).toMatchObject({ code: 'ENOENT', stage: 'cwd' });
  expect(await failure({ file: 'surely-not-a-program', cwd: '/nowhere' })).toMatchObject({ stage: 'cwd' });
});

test('a script whose interpreter is not there: ENOENT, stage interpreter', async () => {
  const file = executable('script', '#!/nowhere/interpreter\n');
  expect(await failure({ file })).toMatchObject({ code: 'ENOENT', stage: 'interpreter', file });
});

test('a file that may not be executed: EACCES, stage program', async () => {
  const file = scratchPath('data');
  writeFileSync(file, 'x');
  expect(await failure({ file })).toMatchObject({ code: 'EACCES', errno: -errno.EACCES, stage: 'program' });
});

test('a directory as the program: EACCES, stage program', async () => {
  expect(await failure({ file: scratch })).toMatchObject({ code: 'EACCES', stage: 'program' });
});

test('a file in PATH that may not be executed: EACCES, as execvp says', async () => {
  const folder = scratchPath('bin');
  mkdirSync(folder);
  writeFileSync(`${folder}/tool`, 'x');
  expect(await failure({ file: 'tool', env: { PATH: folder } })).toMatchObject({ code: 'EACCES', stage: 'program' });
});

test('a path through a file: ENOTDIR, stage program', async () => {
  const file = scratchPath('plain');
  writeFileSync(file, '');
  expect(await failure({ file: `${file}/program` })).toMatchObject({ code: 'ENOTDIR', stage: 'program' });
});

test('a file that is no program: ENOEXEC', async () => {
  const file = executable('garbage', '\x7fELF and nothing more');
  expect(await failure({ file })).toMatchObject({ code: 'ENOEXEC', errno: -errno.ENOEXEC, stage: 'program' });
});

test('a program that is being written: ETXTBSY', async () => {
  const file = executable('busy', '#!/bin/sh\n');
  const fd = openSync(file, 'r+');
  try {
    expect(await failure({ file })).toMatchObject({ code: 'ETXTBSY', stage: 'program' });
  } finally {
    closeSync(fd);
  }
});

test('one argument that is too long: E2BIG', async () => {
  const error = await failure({ file: '/bin/true', args: ['x'.repeat(300_000)] });
  expect(error).toMatchObject({ code: 'E2BIG', errno: -errno.E2BIG, syscall: 'spawn', stage: 'spawn' });
});

test('an environment that is too large: E2BIG', async () => {
  const env = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`NAME${i}`, 'x'.repeat(100_000)]));
  expect(await failure({ file: '/bin/true', env })).toMatchObject({ code: 'E2BIG' });
});

test('a name that is too long: ENAMETOOLONG', async () => {
  expect(await failure({ file: `/bin/${'x'.repeat(300)}` })).toMatchObject({ code: 'ENAMETOOLONG', stage: 'program' });
});

test('links in a circle: ELOOP', async () => {
  const { symlinkSync } = await import('node:fs');
  const link = scratchPath('link');
  symlinkSync(link, link);
  expect(await failure({ file: link })).toMatchObject({ code: 'ELOOP', stage: 'program' });
});

test('failed starts among others leave those alone', async () => {
  const children = Array.from({ length: 60 }, (_, i) =>
    record(i % 3 === 0 ? { file: `/nowhere/${i}` } : actor('out', 1000, 'exit', i)),
  );
  const outcomes = await Promise.all(children.map((child) => child.exit.catch((error) => error)));
  expect(outcomes.map(({ code }) => code)).toEqual(children.map((_, i) => (i % 3 === 0 ? 'ENOENT' : i)));
});

test('a cancelled request: ECANCELED, and nothing was started', async () => {
  expect(await failure({ ...actor('pause'), cancelled: true })).toMatchObject({
    code: 'ECANCELED',
    stage: 'cancelled',
  });
});
