import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart } from './chart.mjs';
import { docs } from './paths.mjs';
import { updateReadme } from './readme.mjs';
import { formatTable, tablesOf } from './tables.mjs';
import { targetsTable } from './targets.mjs';

/** @returns {string | undefined} nothing where nobody had an answer */
export function trialText(result, drivers) {
  const tables = tablesOf(result, drivers).filter(({ rows }) => rows.length > 0);
  if (tables.length === 0) return undefined;
  return [`## ${result.trial.title}`, result.trial.note, ...tables.map(formatTable)].join('\n\n');
}

function markdown({ machine, results, drivers, notes }) {
  const targets = targetsTable(results);
  return `${[
    '# Benchmarks',
    "Written by `npm run bench`; don't edit. All drivers ran on one machine in one run, in turn, each measurement in a " +
      `process of its own; the figures are medians over the rounds. In brackets: the ratio to the reference that the heading names. ` +
      'Main-thread time is CPU time of the main thread as the kernel counts it. Raw figures: `benchmarks.json`.',
    formatTable({ head: ['Machine', ''], rows: Object.entries(machine) }),
    ...notes,
    ...(targets.rows.length > 0 ? ['## Figures to reach', formatTable(targets)] : []),
    ...results.map((result) => trialText(result, drivers)).filter((text) => text !== undefined),
  ].join('\n\n')}\n`;
}

function json({ machine, results }) {
  const trials = Object.fromEntries(
    results.map(({ trial, rounds, cells }) => [trial.id, { rounds, figures: Object.fromEntries(cells) }]),
  );
  return `${JSON.stringify({ machine, trials }, (_, value) => (typeof value === 'number' ? round(value) : value), 2)}\n`;
}

const round = (value) => Number(value.toPrecision(5));

export function writeReport(folder, report) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'benchmarks.md'), markdown(report));
  writeFileSync(join(folder, 'benchmarks.json'), json(report));
  if (folder === docs) updateReadme(report);
  const chart = drawChart(report.results, report.drivers);
  if (chart) writeFileSync(join(folder, 'benchmarks.svg'), chart);
}
