import { expect, test } from 'vitest';
import sources from '../../native/sources.json' with { type: 'json' };
import { filesIn, readIn } from './tree.js';

test('native/sources.json lists each file of the engine and the binding, once', () => {
  const listed = Object.values(sources).flat().sort();
  const present = ['native/core', 'native/binding'].flatMap((folder) =>
    filesIn(folder, /\.cc$/).map((file) => `${folder}/${file}`),
  );
  expect(listed).toEqual(present.sort());
});

test('the engine knows nothing of N-API', () => {
  const users = filesIn('native/core', /\.(cc|h)$/).filter((file) =>
    /node_api|napi_|\.\.\/binding/.test(readIn('native/core', file)),
  );
  expect(users).toEqual([]);
});
