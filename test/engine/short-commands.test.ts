import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { inParallel } from '../support/parallel.js';
import { pattern } from '../support/pattern.js';
import { type Recording, record } from '../support/record.js';
import { scratchPath } from '../support/scratch.js';

// A well-known sandbox SDK lost the output of 70 % of such commands. Every byte is compared, which says more than a hash.
const COUNT = 500;
const MEBIBYTE = 1 << 20;

const file = scratchPath('mebibyte');
writeFileSync(file, pattern(MEBIBYTE));
const isMebibyte = ({ stdout }: Recording) => stdout.matched === MEBIBYTE && stdout.length === MEBIBYTE;

const commands = [
  {
    name: 'echo and exit',
    start: (i: number) => record(shell(`echo ${i}; exit 0`)),
    isRight: ({ stdout }: Recording, i: number) => stdout.text === `${i}\n`,
  },
  {
    name: 'cat of 1 MiB',
    start: () => record({ file: '/bin/cat', args: [file] }, { keep: false }),
    isRight: isMebibyte,
  },
  {
    name: '1 MiB right before _exit',
    start: () => record(actor('out', MEBIBYTE, 'exit', 0), { keep: false }),
    isRight: isMebibyte,
  },
];

describe.each(commands)('$name', ({ start, isRight }) => {
  test.each([1, 16, 64])(`${COUNT} times, %d in parallel: no byte is lost`, async (limit) => {
    const wrong: string[] = [];
    await inParallel(COUNT, limit, async (i) => {
      const child = start(i);
      const info = await child.wait();
      if (!isRight(child, i) || info.code !== 0 || !info.outputComplete) {
        wrong.push(`${i}: ${child.stdout.length} bytes, of which ${child.stdout.matched} are right`);
      }
    });
    expect(wrong).toEqual([]);
  });
});
