import { ratio } from './format.mjs';
import { figure } from './schedule.mjs';

const engine = 'lastbyte-engine';
const spawn = 'lastbyte-spawn';
const run = 'lastbyte-run';

const atLeast = (limit) => (value) => value >= limit;
const atMost = (limit) => (value) => value <= limit;
const plain = (digits, unit) => (value) => `${value.toFixed(digits)} ${unit}`;

/** The figures that the project promises. `value` is undefined where something it needs was not measured. */
const targets = [
  ...[
    [8, 0.95],
    [64, 0.9],
  ].map(([inFlight, limit]) => ({
    text: `\`engine\`, ${inFlight} in flight: at least ${limit} of the C bound`,
    value: (get) =>
      get('processes', engine, `echo-${inFlight}`, 'rate') / get('processes', 'bound', `echo-${inFlight}`, 'rate'),
    show: ratio,
    holds: atLeast(limit),
  })),
  ...[8, 64].flatMap((inFlight) =>
    ['bun', 'deno'].map((rival) => ({
      text: `\`run\`, ${inFlight} in flight: ahead of ${rival === 'bun' ? 'Bun' : 'Deno'}`,
      value: (get) =>
        get('processes', run, `echo-${inFlight}`, 'rate') / get('processes', rival, `echo-${inFlight}`, 'rate'),
      show: ratio,
      holds: (value) => value > 1,
    })),
  ),
  {
    text: '`run`: at most 1/25 of the main-thread time of `child_process`',
    value: (get) => get('processes', run, 'echo-8', 'mainUs') / get('processes', 'child_process', 'echo-8', 'mainUs'),
    show: ratio,
    holds: atMost(1 / 25),
  },
  {
    text: '`engine`: at most 20 main-thread µs a process',
    value: (get) => get('processes', engine, 'echo-8', 'mainUs'),
    show: plain(1, 'µs'),
    holds: atMost(20),
  },
  {
    text: '`engine`: rate unchanged with 2 GB resident (0.9 or more)',
    value: (get) => get('resident', engine, 'large', 'rate') / get('resident', engine, 'small', 'rate'),
    show: ratio,
    holds: atLeast(0.9),
  },
  {
    text: '`engine`: main-thread time unchanged with 2 GB resident (1.1 or less)',
    value: (get) => get('resident', engine, 'large', 'mainUs') / get('resident', engine, 'small', 'mainUs'),
    show: ratio,
    holds: atMost(1.1),
  },
  {
    text: '`pipeline`: at least 0.95 of what a shell moves through a chain of two',
    value: (get) => get('chain', spawn, 'cats-1', 'mbPerSecond') / get('chain', 'shell', 'cats-1', 'mbPerSecond'),
    show: ratio,
    holds: atLeast(0.95),
  },
  ...[engine, spawn].flatMap((driver) => [
    {
      text: `\`${driver.slice(9)}\`, stdout of one child: MB a second not behind \`child_process\``,
      value: (get) =>
        get('stdout', driver, 'children-1', 'mbPerSecond') /
        get('stdout', 'child_process', 'children-1', 'mbPerSecond'),
      show: ratio,
      holds: atLeast(1),
    },
    {
      text: `\`${driver.slice(9)}\`, stdout of one child: at most 1/3 of its main-thread time`,
      value: (get) =>
        get('stdout', driver, 'children-1', 'mainUsPerMb') /
        get('stdout', 'child_process', 'children-1', 'mainUsPerMb'),
      show: ratio,
      holds: atMost(1 / 3),
    },
  ]),
  {
    text: '`engine`: at most 8 threads for all live children',
    value: (get) => get('live', engine, 'live', 'threads'),
    show: plain(0, 'threads'),
    holds: atMost(8),
  },
  {
    text: '`import` of lastbyte: at most 5 ms',
    value: (get) => get('import', spawn, 'import', 'ms'),
    show: plain(2, 'ms'),
    holds: atMost(5),
  },
  {
    text: 'The stripped addon: at most 500 KB',
    value: (get) => get('size', engine, 'size', 'kilobytes'),
    show: plain(0, 'KB'),
    holds: atMost(500),
  },
];

/** @returns {{ head: string[], rows: string[][] }} a table of those that were measured */
export function targetsTable(results) {
  const get = (...where) => figure(results, ...where) ?? Number.NaN;
  const rows = targets
    .map((target) => ({ ...target, measured: target.value(get) }))
    .filter(({ measured }) => !Number.isNaN(measured))
    .map(({ text, measured, show, holds }) => [text, show(measured), holds(measured) ? 'yes' : 'no']);
  return { head: ['Figure', 'measured', 'reached'], rows };
}
