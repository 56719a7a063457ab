// The main job of `npm start`: sha256sum on real files, through lastbyte and beside it through child_process, every byte
// checked against node:crypto. Exit code 1 where a byte is lost or an order is violated.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { number } from '../bench/lib/format.mjs';
import { contenders } from './main-job/contenders.mjs';
import { chooseFiles } from './main-job/files.mjs';
import { printFaults, printReport } from './main-job/report.mjs';
import { runRound } from './main-job/round.mjs';
import { Tally } from './main-job/tally.mjs';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '400' },
    rounds: { type: 'string', default: '5' },
    parallel: { type: 'string', default: '64' },
  },
});
const [count, rounds, parallel] = ['files', 'rounds', 'parallel'].map((name) => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} takes a whole number from 1, not ${values[name]}`);
  return value;
});

const files = chooseFiles(count);
const megabytes = files.reduce((sum, { size }) => sum + size, 0) / 1e6;
console.log(
  `\nsha256sum on ${number(files.length)} files of this machine (${number(megabytes, 1)} MB), ${parallel} at a time, ` +
    `${rounds} rounds each, in turn\nNode ${process.version.slice(1)}, ${availableParallelism()} cores\n`,
);

const warmUp = files.slice(0, 64);
for (const contender of contenders) await runRound(contender, warmUp, parallel, new Tally());

const tallies = new Map(contenders.map((contender) => [contender, new Tally()]));
for (let round = 0; round < rounds; round++) {
  const order = round % 2 === 0 ? contenders : contenders.toReversed();
  for (const contender of order) await runRound(contender, files, parallel, tallies.get(contender));
}

printReport(
  contenders.map(({ name }) => name),
  [...tallies.values()],
);
for (const [{ name }, tally] of tallies) printFaults(name, tally);
const faults = [...tallies.values()].reduce((sum, tally) => sum + tally.faults, 0);
console.log(
  faults === 0 ? '\nEvery digest and every byte agrees with node:crypto.' : '\nNot every byte arrived as it should.',
);
process.exitCode = faults === 0 ? 0 : 1;
