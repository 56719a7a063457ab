import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { busy } from '../support/busy.js';
import { rejection } from '../support/child.js';
import { holdings } from '../support/leaks.js';
import { scratchPath } from '../support/scratch.js';

test('a descriptor is the one of the call, though its number is another file’s when the turn comes', async () => {
  const { executor, release } = await busy();
  const [mine, other] = [scratchPath('mine'), scratchPath('other')];
  const fd = openSync(mine, 'w');
  const waiting = executor.spawn('sh', ['-c', 'echo out; echo err >&2'], { stdout: fd, stderr: fd });
  closeSync(fd);
  const taken = openSync(other, 'w');
  expect(taken).toBe(fd);
  release();
  expect((await waiting.wait()).code).toBe(0);
  closeSync(taken);
  expect([readFileSync(mine, 'utf8'), readFileSync(other, 'utf8')]).toEqual(['out\nerr\n', '']);
});

test('one that was none at the call is none when the turn comes', async () => {
  const { executor, release } = await busy();
  const path = scratchPath('late');
  writeFileSync(path, 'late');
  const free = openSync(path, 'r');
  closeSync(free);
  const waiting = executor.spawn('cat', { stdin: free });
  const failed = rejection(waiting.wait());
  const taken = openSync(path, 'r');
  expect(taken).toBe(free);
  release();
  expect(await failed).toMatchObject({ code: 'EBADF', stage: 'stdin' });
  closeSync(taken);
});

test('none is left of those that were never started', async () => {
  const { executor, release } = await busy();
  const fd = openSync('/dev/null', 'r+');
  const before = holdings().descriptors;
  const killed = executor.spawn('cat', { stdin: fd, stdout: fd });
  const missing = executor.spawn('/no/such/program', { stdin: fd });
  const failures = [killed, missing].map((each) => rejection(each.wait()));
  expect(killed.kill()).toBe(true);
  expect((await failures[0])?.code).toBe('ECANCELED');
  release();
  expect((await failures[1])?.code).toBe('ENOENT');
  expect(holdings().descriptors['/dev/null']).toBe(before['/dev/null']);
  closeSync(fd);
});
