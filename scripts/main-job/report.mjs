import { number, ratio } from '../../bench/lib/format.mjs';

const shown = (value, digits) => (Number.isNaN(value) ? '–' : number(value, digits));

function rowsOf(ours, theirs) {
  const count = (title, of) => [title, number(of(ours)), number(of(theirs)), ''];
  const figure = (title, key, digits) => {
    const [a, b] = [ours.figures[key], theirs.figures[key]];
    return [title, shown(a, digits), shown(b, digits), Number.isNaN(a / b) ? '' : ratio(a / b)];
  };
  return [
    count('executions', (tally) => tally.executions),
    count('bytes of output', (tally) => tally.bytes),
    count('lost bytes', (tally) => tally.lostBytes),
    count('wrong digests', (tally) => tally.wrong.length),
    count('order violations', (tally) => tally.violations.length),
    figure('processes a second', 'rate', 0),
    figure('event-loop delay p50, ms', 'p50', 2),
    figure('event-loop delay p99, ms', 'p99', 2),
    figure('event-loop delay max, ms', 'max', 2),
    figure('main-thread µs a process', 'mainUs', 1),
  ];
}

export function printReport(names, [ours, theirs]) {
  const rows = [['', ...names, 'ratio'], ...rowsOf(ours, theirs)];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows) {
    console.log(
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i] + 3)))
        .join('')
        .trimEnd(),
    );
  }
}

/** The first few of each kind: enough to find the cause. */
export function printFaults(name, tally) {
  for (const fault of [...tally.wrong.slice(0, 5), ...tally.violations.slice(0, 5)]) console.error(`${name}: ${fault}`);
}
