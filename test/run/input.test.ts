import { run } from 'lastbyte';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { rejection } from '../support/child.js';
import { pattern } from '../support/pattern.js';

const { file } = actor();

test('a string is written as UTF-8, and stdin is closed', async () => {
  expect((await run('cat', { input: 'aä€😀' })).stdout).toBe('aä€😀');
});

test('bytes are written as they are, a view only where it looks', async () => {
  const bytes = new Uint8Array([9, 0, 255, 10, 9]);
  const { stdout } = await run('cat', { input: bytes.subarray(1, 4), encoding: 'buffer' });
  expect(stdout).toEqual(Buffer.from([0, 255, 10]));
});

test.each(['', new Uint8Array()])('nothing at all closes stdin: %o', async (input) => {
  expect((await run(file, ['count'], { input })).stdout).toBe('0 of 0\n');
});

test('50 MB, to a child that reads them all', async () => {
  expect((await run(file, ['count'], { input: pattern(50_000_000) })).stdout).toBe('50000000 of 50000000\n');
});

test('20 MB through the child and back', async () => {
  const input = pattern(20_000_000);
  expect((await run('cat', { input, encoding: 'buffer' })).stdout.equals(input)).toBe(true);
});

test('a child that does not read it is not harmed, and its exit counts', async () => {
  expect(await run(file, ['exit', '0'], { input: pattern(10_000_000) })).toMatchObject({ code: 0, stdout: '' });
  expect(await rejection(run(file, ['slurp', '5', 'exit', '4'], { input: pattern(10_000_000) }))).toMatchObject({
    exitCode: 4,
  });
});

test('stdin is not the caller’s then', async () => {
  const running = run('cat', { input: 'x' });
  expect(running.subprocess.stdin).toBe(null);
  await running;
});

test('stdin may be said to be a pipe, and nothing else', async () => {
  expect((await run('cat', { input: 'x', stdin: 'pipe' })).stdout).toBe('x');
  expect(() => run('cat', { input: 'x', stdin: 'ignore' })).toThrow(
    "'stdin' must be 'pipe' beside 'input'; got 'ignore'",
  );
  expect(() => run('cat', { stdin: 'inherit', input: '' })).toThrow("'stdin' must be 'pipe' beside 'input'");
});

test('without input, stdin is empty', async () => {
  expect((await run('cat')).stdout).toBe('');
});
