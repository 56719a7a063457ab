import { figure } from './schedule.mjs';

/** Columns of the chart; the shortest bar is the best one in all but the first. */
const panels = [
  {
    title: 'Processes a second',
    sub: '8 in flight · longer is better',
    at: ['processes', 'echo-8', 'rate'],
    digits: 0,
  },
  {
    title: 'Main-thread µs a process',
    sub: '8 in flight · shorter is better',
    at: ['processes', 'echo-8', 'mainUs'],
    digits: 0,
  },
  {
    title: 'Event-loop delay p99, ms',
    sub: '500/s, 2 GB host · shorter is better',
    at: ['loop-delay', 'large', 'p99'],
    digits: 1,
  },
];

const layout = { width: 960, labels: 190, gap: 28, top: 74, row: 26, bar: 16, margin: 20, value: 52 };

const style = `
  .card { fill: #ffffff; stroke: #d0d7de }
  .title { fill: #1f2328; font-weight: 600 }
  .sub, .value { fill: #59636e }
  .label { fill: #1f2328 }
  .own { font-weight: 600 }
  .bar { fill: #b6bfc9 }
  .bar.own { fill: #1f883d }
  .bar.bound { fill: none; stroke: #818b98; stroke-dasharray: 3 2 }
  text { font: 12px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif }
  .title { font-size: 13px } .sub { font-size: 11px }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #3d444d }
    .title, .label { fill: #f0f6fc }
    .sub, .value { fill: #9198a1 }
    .bar { fill: #4d5661 }
    .bar.own { fill: #3fb950 }
    .bar.bound { stroke: #656c76 }
  }`;

const escaped = (text) => text.replaceAll('`', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const kind = (name) => (name.startsWith('lastbyte') ? ' own' : name === 'bound' ? ' bound' : '');
const text = (x, y, classes, content, anchor = 'start') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${classes}" text-anchor="${anchor}">${escaped(content)}</text>`;

function drawPanel({ title, sub, digits }, values, left, width) {
  const { top, row, bar, value: valueWidth } = layout;
  const scale =
    (width - valueWidth) / Math.max(...values.filter((value) => value !== undefined).map(({ value }) => value));
  const bars = values.flatMap((entry, index) => {
    if (entry === undefined) return [];
    const y = top + index * row + (row - bar) / 2;
    const length = Math.max(1.5, entry.value * scale);
    const label = entry.value.toLocaleString('en-US', {
      maximumFractionDigits: entry.value < 10 ? Math.max(digits, 1) : digits,
    });
    return [
      `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${bar}" rx="2" class="bar${kind(entry.name)}"/>`,
      text(left + length + 6, y + bar - 4, `value${kind(entry.name)}`, label),
    ];
  });
  return [text(left, 36, 'title', title), text(left, 54, 'sub', sub), ...bars];
}

/** @returns {string | undefined} nothing where a panel would be empty */
export function drawChart(results, drivers) {
  const columns = panels.map(({ at: [trial, variant, key] }) =>
    drivers.map(({ name }) => {
      const value = figure(results, trial, name, variant, key);
      return value === undefined ? undefined : { name, value };
    }),
  );
  if (columns.some((values) => values.every((value) => value === undefined))) return undefined;

  const { width, labels, gap, top, row, margin } = layout;
  const height = top + drivers.length * row + margin;
  const panelWidth = (width - labels - 2 * margin - (panels.length - 1) * gap) / panels.length;
  const names = drivers.map(({ name, label }, index) =>
    text(margin, top + index * row + row / 2 + 4, `label${kind(name)}`, label),
  );
  const drawn = panels.flatMap((panel, index) =>
    drawPanel(panel, columns[index], margin + labels + index * (panelWidth + gap), panelWidth),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Benchmarks of lastbyte beside other ways to run child processes">
<style>${style}
</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" class="card"/>
${[...names, ...drawn].join('\n')}
</svg>
`;
}
