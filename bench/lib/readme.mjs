import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { number } from './format.mjs';
import { root } from './paths.mjs';
import { figure } from './schedule.mjs';
import { formatTable } from './tables.mjs';

const block = /(<!-- measured -->\n)[\s\S]*?(<!-- \/measured -->)/;

const columns = [
  ['lastbyte `run`', 'lastbyte-run', 'lastbyte-spawn'],
  ['`child_process`', 'child_process'],
  ['`child_process`, newest Node', 'child_process-newest'],
  ['Bun', 'bun'],
  ['Deno', 'deno'],
];

const rows = [
  ['Processes a second, 8 in flight', 'processes', 'echo-8', 'rate', 0],
  ['Main-thread µs a process', 'processes', 'echo-8', 'mainUs', 0],
  ['… with 2 GB resident', 'resident', 'large', 'mainUs', 0],
  ['Event-loop delay p99 at 500 spawns/s, 2 GB resident, ms', 'loop-delay', 'large', 'p99', 1],
  ['stdout of one child, MB/s', 'stdout', 'children-1', 'mbPerSecond', 0],
  ['Main-thread µs for each MB of it', 'stdout', 'children-1', 'mainUsPerMb', 0],
];

/** Puts the figures of this run between the marks in the README. */
export function updateReadme({ machine, results }) {
  const table = formatTable({
    head: ['Measured', ...columns.map(([title]) => title)],
    rows: rows.map(([title, trial, variant, key, digits]) => [
      title,
      ...columns.map(([, ...drivers]) => {
        const value = drivers.map((driver) => figure(results, trial, driver, variant, key)).find(Number.isFinite);
        return value === undefined ? '–' : number(value, digits);
      }),
    ]),
  });
  const where = `${machine.CPU}, ${machine.Cores} cores, Linux, Node ${machine['Node, this']}, ${machine.Date}`;
  const text =
    `${table}\n\nMedians of one interleaved run (${where}; stdout through \`spawn\`). ` +
    'More, with the bound that C sets: [docs/benchmarks.md](docs/benchmarks.md). Yours: `npm run bench`.\n';
  const file = join(root, 'README.md');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(block, (_, open, close) => `${open}${text}${close}`),
  );
}
