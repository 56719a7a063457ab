import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const repository = join(import.meta.dirname, '../..');

/** The files below a folder of the repository, as paths from there. */
export const filesIn = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => relative(join(repository, folder), join(entry.parentPath, entry.name)))
    .sort();

export const readIn = (folder: string, file: string): string => readFileSync(join(repository, folder, file), 'utf8');
