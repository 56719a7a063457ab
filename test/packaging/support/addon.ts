import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import sources from '../../../native/sources.json' with { type: 'json' };
import { repository, runProgram } from './commands.js';

const system = process.platform === 'darwin' ? sources.darwin : sources.linux;

/** What a build has to compile: the one list. */
export const listedSources = [...sources.core, ...system, ...sources.binding]
  .map((file) => basename(file, '.cc'))
  .sort();

/** What a build compiled, by the object files that it left. */
export const compiledSources = (packageFolder: string): string[] =>
  readdirSync(join(packageFolder, 'build'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.o') && !file.includes('CompilerId'))
    .map((file) => basename(file).replace(/(\.cc)?\.o$/, ''))
    .sort();

/** What the addon of a folder exports to JavaScript. */
export const exportsOf = (packageFolder: string): string =>
  runProgram(process.execPath, ['-p', `Object.keys(require('./build/Release/lastbyte.node')).sort().join()`], {
    cwd: packageFolder,
  }).stdout.trim();

/** What this repository's own build exports. */
export const productExports = (): string => exportsOf(repository);
