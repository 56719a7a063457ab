import { spawn, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { record } from '../support/record.js';

/** The exit code as `child_process` sees it. */
const codeOf = (code: number) =>
  new Promise<number | null>((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `exit ${code}`], { stdio: 'ignore' });
    child.on('error', reject);
    child.on('close', resolve);
  });

test('200 children of each kind, started in turn: nobody’s status is stolen', async () => {
  const codes = Array.from({ length: 200 }, (_, i) => i % 256);
  const ours: Promise<number | null>[] = [];
  const theirs: Promise<number | null>[] = [];
  for (const code of codes) {
    ours.push(
      record(shell(`exit ${code}`))
        .wait()
        .then((info) => info.code),
    );
    theirs.push(codeOf(code));
  }
  expect(await Promise.all(ours)).toEqual(codes);
  expect(await Promise.all(theirs)).toEqual(codes);
});

test('while spawnSync blocks this thread, the engine goes on, and nothing is mixed up', async () => {
  const children = Array.from({ length: 20 }, (_, i) => record(actor('out', 10_000, 'exit', i)));
  for (let i = 0; i < 20; i++) expect(spawnSync('/bin/sh', ['-c', `exit ${i + 100}`]).status).toBe(i + 100);
  const infos = await Promise.all(children.map((child) => child.wait()));
  expect(infos.map(({ code }) => code)).toEqual(children.map((_, i) => i));
});
