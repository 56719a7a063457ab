import { compiledProgram } from './compile.js';

/** The request for a child that does what these words say; see test/fixtures/actor.c. */
export function actor(...words: (string | number)[]): { file: string; args: string[] } {
  return { file: compiledProgram('actor'), args: words.map(String) };
}

/** A child that does what a line for `/bin/sh` says. */
export function shell(line: string): { file: string; args: string[] } {
  return { file: '/bin/sh', args: ['-c', line] };
}
