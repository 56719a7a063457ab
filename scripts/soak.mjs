// npm run soak [-- --minutes 3]: what only time shows. Memory under floods that nobody reads, bytes of many short
// commands, nothing left behind. Writes docs/soak.md; exits with 1 where something grew or was lost.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inRoot } from './lib/paths.mjs';
import { holdings, residentMb } from './soak/holdings.mjs';
import { loads } from './soak/loads.mjs';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '3' } } });
const minutes = Number(values.minutes);
const GROWTH_MB = 16;

const { engine } = await import('../dist/engine.js');
const before = await settled();
const until = performance.now() + minutes * 60_000;
const running = Object.entries(loads).map(([name, load]) => ({ name, report: load(until) }));

const samples = [];
// The first quarter fills pipes, pools and the heap; memory has to stay where it is then.
const warm = performance.now() + minutes * 15_000;
const sampler = setInterval(() => {
  if (performance.now() > warm) samples.push(residentMb());
}, 250);
const rows = [];
for (const { name, report } of running) rows.push([name, ...(await report)]);
clearInterval(sampler);

const after = await settled();
const half = samples.length >> 1;
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
const growth = median(samples.slice(half)) - median(samples.slice(0, half));
rows.push(
  ['resident memory, second half against first', `${growth.toFixed(1)} MB`, growth <= GROWTH_MB],
  [
    'descriptors, before and after',
    `${before.descriptors}, ${after.descriptors}`,
    after.descriptors <= before.descriptors,
  ],
  ['children left', String(after.children), after.children === 0],
  ['threads, before and after', `${before.threads}, ${after.threads}`, after.threads <= before.threads],
  ['executions of the engine left', String(engine.stats().live), engine.stats().live === 0],
);

const table = ['| what | measured | holds |', '| --- | --- | --- |']
  .concat(rows.map(([what, measured, holds]) => `| ${what} | ${measured} | ${holds ? 'yes' : '**no**'} |`))
  .join('\n');
console.log(table);
const command = `npm run soak -- --minutes ${minutes}`;
writeFileSync(
  inRoot('docs/soak.md'),
  `# Soak\n\nWritten by \`${command}\` on ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}; ` +
    `all loads at the same time.\n\n${table}\n`,
);
process.exitCode = rows.every(([, , holds]) => holds) ? 0 : 1;

/** The engine's threads and descriptors are there from the first execution on. */
async function settled() {
  const { run } = await import('../dist/index.js');
  await run('true');
  await new Promise((resolve) => setTimeout(resolve, 50));
  return holdings();
}
