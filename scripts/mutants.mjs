// npm run mutants [-- NAME…]: breaks the engine on purpose, one thing at a time, and demands that a C++ test turns red.
// All of them take about half an hour and write docs/mutants.md; NAME is a part of a mutant's name, to try some alone.
import { writeFileSync } from 'node:fs';
import { inRoot } from './lib/paths.mjs';
import { lastLines } from './lib/run.mjs';
import { ensureSystemPackages } from './lib/system-packages.mjs';
import { mutants } from './mutants/list.mjs';
import { compile, configure, judge, mutate, openWorkshop, programs } from './mutants/workshop.mjs';

const words = process.argv.slice(2);
const chosen = mutants.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));

async function prepare(build) {
  await configure(build);
  const { ok, log } = await compile(build);
  if (!ok) throw new Error(lastLines(log, 40));
  const red = await judge(build, programs());
  if (red) throw new Error(`Nothing is broken yet, and ${red.red} (${build})`);
}

const catches = new Map();
const byCatches = () => programs().toSorted((a, b) => (catches.get(b) ?? 0) - (catches.get(a) ?? 0));

async function tryMutant(mutant) {
  const build = mutant.build ?? 'plain';
  const restore = mutate(mutant);
  try {
    const { ok, log } = await compile(build);
    if (!ok) throw new Error(`'${mutant.name}' doesn't compile\n${lastLines(log, 40)}`);
    const found = await judge(build, byCatches());
    if (found) catches.set(found.program, (catches.get(found.program) ?? 0) + 1);
    return found?.red;
  } finally {
    restore();
  }
}

function table(results) {
  const lines = ['| what is broken | where | what turns red |', '| --- | --- | --- |'];
  let about = '';
  for (const { mutant, red } of results) {
    if (mutant.about !== about) lines.push(`| **${mutant.about}** | | |`);
    about = mutant.about;
    const verdict = red ?? `**nothing**${mutant.mayLive ? `: ${mutant.mayLive}` : ''}`;
    lines.push(`| ${mutant.name} | \`${mutant.file.split('/').at(-1)}\` | ${verdict} |`);
  }
  return lines.join('\n');
}

await ensureSystemPackages();
openWorkshop();
for (const build of new Set(chosen.map((mutant) => mutant.build ?? 'plain'))) {
  console.log(`▸ ${build}: nothing is broken`);
  await prepare(build);
}
const results = [];
for (const mutant of chosen) {
  const start = performance.now();
  const red = await tryMutant(mutant);
  results.push({ mutant, red });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${red ? '✓' : mutant.mayLive ? '~' : '✗'} ${mutant.name} (${seconds} s): ${red ?? 'all green'}`);
}
const caught = results.filter(({ red }) => red).length;
const missed = results.filter(({ mutant, red }) => !red && !mutant.mayLive).length;
console.log(`${caught} of ${results.length} caught, ${missed} missed`);
if (words.length === 0) {
  writeFileSync(
    inRoot('docs/mutants.md'),
    `# Mutants

Tests are worth what they catch. \`npm run mutants\` breaks the engine in ${mutants.length} ways, one at a time, builds it and runs the
C++ tests until one turns red. This is its last run: ${caught} of ${results.length} were caught. Where the last column names a
sanitizer, that is what saw it. For those that nothing caught it says why that is expected.

${table(results)}
`,
  );
}
process.exitCode = missed === 0 ? 0 : 1;
