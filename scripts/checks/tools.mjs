// Checks that are one yes or no: format and lint, types.
import { binary, inRoot } from '../lib/paths.mjs';
import { lastLines, run } from '../lib/run.mjs';
import { compiled } from '../lib/steps.mjs';

/** One check, of one command or more: it passes when all of them do. */
async function yesOrNo(log, ...commands) {
  for (const command of commands) {
    const { ok, how, log: file } = await run(command, { log });
    if (ok) continue;
    console.log(lastLines(file, 200));
    return { passed: 0, failed: 1, note: how };
  }
  return { passed: 1, failed: 0, note: '' };
}

export const lint = () => yesOrNo('lint', [binary('biome'), 'ci', '--colors=off', '.']);

/** The library's types, then those of everything that imports the built package: tests and examples. */
export async function types() {
  await compiled();
  const tsc = (project) => [binary('tsc'), '--noEmit', '-p', inRoot(project)];
  return yesOrNo('types', tsc('tsconfig.json'), tsc('test/tsconfig.json'));
}
