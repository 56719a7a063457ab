import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { filesIn, readIn } from './tree.js';

// The layers of the design: a file may import from its own rank or below, never from above. From the bottom up;
// a file stands for itself, a folder for all files in it.
const layers = [
  ['errors.ts', 'shared'],
  ['native'],
  ['engine', 'engine.ts'],
  ['log'],
  ['subprocess'],
  ['run', 'pipeline', 'run.ts', 'child_process', 'child_process.ts'],
  ['executor', 'executor.ts', 'exec-server', 'exec-server.ts'],
  ['mcp', 'mcp.ts'],
  ['index.ts'],
  // The command uses the package as anybody does.
  ['cli', 'cli.ts'],
];

const files = filesIn('lib', /\.ts$/);
const part = (file: string) => file.split('/')[0] ?? '';
const rank = (file: string) => layers.findIndex((layer) => layer.includes(part(file)));

const importsIn = (file: string, source: string) =>
  [...source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    join(dirname(file), path).replace(/\.js$/, '.ts'),
  );

/** What a file imports or exports from, relative to lib/. Types count: they tie layers as well. */
const importsOf = (file: string) => importsIn(file, readIn('lib', file));

/** Only what is there when the program runs: types are not. */
const runtimeImportsOf = (file: string) =>
  importsIn(file, readIn('lib', file).replaceAll(/^(import|export) type [^;]*;/gm, ''));

test('each file and folder of lib has its place among the layers', () => {
  expect(files.length).toBeGreaterThan(0);
  expect([...new Set(files.filter((file) => rank(file) < 0).map(part))]).toEqual([]);
});

test('no import points up', () => {
  const up = files.flatMap((file) =>
    importsOf(file)
      .filter((imported) => rank(imported) > rank(file))
      .map((imported) => `${file} → ${imported}`),
  );
  expect(up).toEqual([]);
});

test('no two files import each other in a circle', () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: string[]) => {
    if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
    if (done.has(file) || trail.includes(file) || !files.includes(file)) return;
    for (const imported of runtimeImportsOf(file)) visit(imported, [...trail, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});
