// npm run bench [-- options]: drivers × trials, interleaved, one report.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { driverNames, loadDriver } from './drivers/index.mjs';
import { describeMachine } from './lib/machine.mjs';
import { obstacle } from './lib/measure.mjs';
import { docs } from './lib/paths.mjs';
import { trialText, writeReport } from './lib/report.mjs';
import { runTrial } from './lib/schedule.mjs';
import { setup } from './lib/setup.mjs';
import { formatTable } from './lib/tables.mjs';
import { targetsTable } from './lib/targets.mjs';
import { loadTrial, trialNames } from './trials/index.mjs';

const usage = `npm run bench -- [options]
  --quick          short windows, one round: shows that everything works, not how fast it is
  --rounds N       rounds of each trial (5; with --quick 1)
  --trials a,b     of ${trialNames.join(', ')}
  --drivers x,y    of ${driverNames.join(', ')}
  --out FOLDER     where the report goes; docs/ by default, but nowhere by default for a run that is not whole`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    trials: { type: 'string' },
    drivers: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}

const names = (list, all) => list?.split(',') ?? all;
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
if (!Number.isInteger(rounds) || rounds < 1)
  throw new Error(`--rounds takes a whole number from 1, not ${options.rounds}`);

await setup();
const wanted = await Promise.all(names(options.drivers, driverNames).map(loadDriver));
const trials = await Promise.all(names(options.trials, trialNames).map(loadTrial));
const notes = wanted.map(obstacle).filter((reason) => reason !== undefined);
const drivers = wanted.filter((driver) => obstacle(driver) === undefined);
const given = process.argv.slice(2).join(' ');
const machine = describeMachine(given ? `npm run bench -- ${given}` : 'npm run bench', rounds);

const terminal = process.stderr.isTTY;
const progress = (text) => terminal && process.stderr.write(`\r\x1b[K${text}`);

const results = [];
const failures = [];
for (const trial of trials) {
  const result = await runTrial(trial, drivers, { quick: options.quick, rounds, progress });
  progress('');
  const text = trialText(result, drivers);
  if (text) console.log(`${text}\n`);
  for (const [key, { error }] of result.cells) {
    if (error) failures.push(`${trial.id} ${key}: ${error}`);
  }
  results.push(result);
}

const targets = targetsTable(results);
if (targets.rows.length > 0) console.log(`${formatTable(targets)}\n`);
for (const note of notes) console.log(`Not measured: ${note}`);
for (const failure of failures) console.error(`Failed: ${failure}`);

const partial = options.quick || options.trials || options.drivers;
const hasLastbyte = drivers.some(({ name }) => name.startsWith('lastbyte'));
const whole = !partial && hasLastbyte && failures.length === 0;
const folder = options.out ? resolve(options.out) : whole ? docs : undefined;
if (folder) writeReport(folder, { machine, results, drivers, notes: notes.map((note) => `Not measured: ${note}.`) });
console.log(
  folder ? `Written to ${folder}` : 'Not written to docs/: this run was not whole (--out FOLDER writes it anyway)',
);
process.exitCode = failures.length > 0 ? 1 : 0;
