import { closeSync, existsSync, mkdirSync, openSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { run, spawn } from 'lastbyte';
import { engine } from 'lastbyte/engine';
import { describe, expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { rejection } from '../support/child.js';
import { holdings } from '../support/leaks.js';
import { pattern } from '../support/pattern.js';
import { record } from '../support/record.js';
import { scratch, scratchPath } from '../support/scratch.js';

function fileOf(content: string | Buffer): string {
  const path = scratchPath('content');
  writeFileSync(path, content);
  return path;
}

describe('stdin', () => {
  test('comes from a file', async () => {
    const content = pattern(300_000);
    const child = record({ ...actor('copy'), stdin: { file: fileOf(content) } });
    expect((await child.wait()).code).toBe(0);
    expect(child.stdout.matched).toBe(300_000);
  });

  test('comes from a descriptor, which may be closed as soon as the call has returned', async () => {
    const fd = openSync(fileOf('given'), 'r');
    const result = run('cat', { stdin: fd });
    closeSync(fd);
    expect((await result).stdout).toBe('given');
  });

  test('comes from bytes or a string, of spawn as of run', async () => {
    expect(await spawn('cat', { input: 'ä' }).stdout?.text()).toBe('ä');
    expect(await spawn('cat', { input: pattern(500_000) }).stdout?.bytes()).toEqual(pattern(500_000));
    expect(await spawn('cat', { input: '' }).stdout?.text()).toBe('');
  });
});

describe('output', () => {
  test('goes to a file, which is created, or emptied', async () => {
    const path = scratchPath('out');
    for (const words of ['a long first line', 'short']) {
      await run('echo', [words], { stdout: { file: path } });
      expect(readFileSync(path, 'utf8')).toBe(`${words}\n`);
    }
  });

  test('is appended where that is asked for, by many at a time', async () => {
    const path = fileOf('first\n');
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => run('echo', [`${i}`], { stdout: { file: path, append: true } })),
    );
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    expect(lines[0]).toBe('first');
    expect(lines.slice(1).sort()).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`).sort());
  });

  test('goes to a descriptor, at its place', async () => {
    const path = scratchPath('out');
    const fd = openSync(path, 'w');
    await run('echo', ['one'], { stdout: fd });
    await run('sh', ['-c', 'echo two >&2'], { stderr: fd });
    closeSync(fd);
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  });

  test('a relative path is taken from this process’s directory, not from the child’s', async () => {
    const before = process.cwd();
    const inner = `${scratchPath('inner')}`;
    mkdirSync(inner);
    process.chdir(scratch);
    try {
      await run('pwd', { cwd: inner, stdout: { file: 'relative.txt' } });
    } finally {
      process.chdir(before);
    }
    expect(readFileSync(`${scratch}/relative.txt`, 'utf8')).toBe(`${realpathSync(inner)}\n`);
  });

  test('the child gets streams that block and nothing else', async () => {
    const path = scratchPath('out');
    const flags =
      'for n in 0 1 2; do sed -n "s/^flags:[^0-9]*//p" /proc/self/fdinfo/$n; done; ls /proc/self/fd | wc -w';
    const { stdout } = await run('sh', ['-c', `exec 2>/dev/null; ${flags}`], { stdin: { file: '/dev/null' } });
    await run('sh', ['-c', flags], {
      stdin: { file: '/dev/null' },
      stdout: { file: path },
      stderr: { file: path, append: true },
    });
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    // O_NONBLOCK is 04000, O_APPEND 02000; fcntl-linux.h.
    expect(lines.slice(0, 3).map((line) => (Number.parseInt(line, 8) & 0o4000) !== 0)).toEqual([false, false, false]);
    expect((Number.parseInt(lines[2] as string, 8) & 0o2000) !== 0).toBe(true);
    expect(lines[3]).toBe(stdout.trim().split('\n')[3]);
  });
});

describe("stderr: 'stdout'", () => {
  test('is one pipe: the order of writing is kept', async () => {
    const script = 'i=0; while [ $i -lt 200 ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); done';
    const { stdout, stderr } = await run('sh', ['-c', script], { stderr: 'stdout' });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(Array.from({ length: 200 }, (_, i) => [`out ${i}`, `err ${i}`]).flat());
  });

  test('follows stdout to wherever that goes', async () => {
    const path = scratchPath('both');
    const child = spawn('sh', ['-c', 'echo out; echo err >&2'], { stdout: { file: path }, stderr: 'stdout' });
    expect([child.stdout, child.stderr]).toEqual([null, null]);
    await child.wait();
    expect(readFileSync(path, 'utf8')).toBe('out\nerr\n');
    const nowhere = await run('sh', ['-c', 'echo err >&2'], { stdout: 'ignore', stderr: 'stdout' });
    expect([nowhere.stdout, nowhere.stderr]).toEqual(['', '']);
  });
});

describe('what can’t be', () => {
  test.each([
    [{ stdin: { file: '/none' } }, 'ENOENT', 'stdin'],
    [{ stdout: { file: '/none/at/all' } }, 'ENOENT', 'stdout'],
    [{ stderr: { file: '/' } }, 'EISDIR', 'stderr'],
    [{ stdin: 98_765 }, 'EBADF', 'stdin'],
    [{ stdout: 98_765 }, 'EBADF', 'stdout'],
  ] as const)('%j: %s, told by its stream, and nothing is left', async (options, code, stage) => {
    await run('true');
    const before = holdings();
    const error = await rejection(run('true', options));
    expect(error).toMatchObject({ name: 'SpawnError', code, stage });
    expect(error.message).toBe(`Cannot start 'true': its ${stage} cannot be redirected as asked (${code})`);
    expect(holdings()).toEqual(before);
    expect((await run('echo', ['next'])).stdout).toBe('next\n');
  });

  test('a program that is not there: its files have been opened, its descriptors are closed again', async () => {
    await run('true');
    const path = scratchPath('out');
    const fd = openSync(path, 'w');
    const before = holdings();
    expect(await rejection(run('no-such-program', { stdin: fd, stdout: { file: path }, stderr: fd }))).toMatchObject({
      code: 'ENOENT',
    });
    expect(holdings()).toEqual(before);
    closeSync(fd);
    expect(existsSync(path)).toBe(true);
  });

  test('a FIFO that nobody reads is not waited for', async () => {
    const path = scratchPath('fifo');
    await run('mkfifo', [path]);
    expect(await rejection(run('true', { stdout: { file: path } }))).toMatchObject({ code: 'ENXIO', stage: 'stdout' });
  });

  test.each([
    [{ stdin: { file: '' } }, "'stdin.file' must be a path without NUL; got ''"],
    [{ stdin: { file: 'a\0b' } }, "'stdin.file' must be a path without NUL; got 'a\\x00b'"],
    [{ stdin: { file: 'a', append: true } }, "'stdin.append' must be left out: it is read; got true"],
    [{ stdout: { file: 'a', append: 1 } }, "'stdout.append' must be a boolean; got 1"],
    [{ stdout: { file: 'a', mode: 1 } }, "'stdout.mode' must be left out; got { file: 'a', mode: 1 }"],
    [{ stdout: -1 }, "'stdout' must be the number of a descriptor; got -1"],
    [{ stderr: 1.5 }, "'stderr' must be the number of a descriptor; got 1.5"],
    [{ stdin: 'stdout' }, "'stdin' must be 'ignore', 'pipe', 'inherit', a descriptor or { file }; got 'stdout'"],
    [{ stdout: {} }, "'stdout' must be 'ignore', 'pipe', 'inherit', a descriptor or { file, append }; got {}"],
    [
      { stderr: 'out' },
      "'stderr' must be 'ignore', 'pipe', 'inherit', a descriptor or { file, append }, 'stdout'; got 'out'",
    ],
    [{ stdin: 'ignore', input: 'x' }, "'stdin' must be 'pipe' beside 'input'; got 'ignore'"],
    [{ input: 5 }, "'input' must be a string or a Uint8Array; got 5"],
  ])('%j is named at the call', (options, message) => {
    expect(() => spawn('true', options as object)).toThrow(message);
    expect(() => run('true', options as object)).toThrow(message);
  });
});

test('the engine has them, too', async () => {
  const path = scratchPath('out');
  const child = record({ ...shell('echo out; echo err >&2'), stdout: { file: path }, stderr: 'stdout' });
  await child.wait();
  expect(child.log).toMatch(/^S?r?XW$/);
  expect(readFileSync(path, 'utf8')).toBe('out\nerr\n');
});

test('a pipe of the kernel from one child to another: no byte passes through here', async () => {
  const [readEnd, writeEnd] = engine.pipe();
  const from = record({ ...actor('out', 200_000), stdout: writeEnd });
  const to = record({ ...actor('copy'), stdin: readEnd });
  closeSync(readEnd);
  closeSync(writeEnd);
  expect((await Promise.all([from.wait(), to.wait()])).map(({ code }) => code)).toEqual([0, 0]);
  expect([from.stdout.length, to.stdout.matched]).toEqual([0, 200_000]);
});
