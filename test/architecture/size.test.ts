import { expect, test } from 'vitest';
import { filesIn, readIn } from './tree.js';

const limit = 400;

test.each([
  ['lib', /\.ts$/],
  ['native', /\.(cc|h)$/],
  ['scripts', /\.mjs$/],
])(`no file of %s has more than ${limit} lines`, (folder, ending) => {
  const files = filesIn(folder, ending);
  expect(files.length).toBeGreaterThan(0);
  const lines = (file: string) => readIn(folder, file).split('\n').length;
  expect(files.filter((file) => lines(file) > limit)).toEqual([]);
});
