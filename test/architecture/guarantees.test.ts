import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readIn, repository } from './tree.js';

test('every promise of docs/guarantees.md names tests, and they exist', () => {
  const rows = readIn('docs', 'guarantees.md')
    .split('\n')
    .filter((line) => /^\| (?!promise|---)/.test(line))
    .map((line) => line.split(' | ')[1] ?? '');
  expect(rows.length).toBeGreaterThan(20);
  const files = rows.map((cell) => [...cell.matchAll(/`([\w./-]+)`/g)].map(([, file]) => file as string));
  expect(files.filter((named) => named.length === 0)).toEqual([]);
  expect(files.flat().filter((file) => !existsSync(join(repository, file)))).toEqual([]);
});
