import { number, ratio } from './format.mjs';
import { figure } from './schedule.mjs';

function base(result, metric, driver, variant) {
  const { trial } = result;
  const at = (driverName, variantId) => figure([result], trial.id, driverName, variantId, metric.key);
  if (metric.baseVariant) {
    return variant.id === metric.baseVariant ? undefined : at(driver.name, metric.baseVariant);
  }
  const reference = metric.baseDriver?.find((name) => at(name, variant.id) !== undefined);
  return reference === undefined || reference === driver.name ? undefined : at(reference, variant.id);
}

function cellText(result, metric, driver, variant) {
  const cell = result.cells.get(`${driver.name} ${variant.id}`);
  if (cell?.error) return 'failed';
  const value = cell?.medians[metric.key];
  if (value === undefined) return '–';
  const reference = base(result, metric, driver, variant);
  const text = number(value, metric.digits);
  return reference ? `${text} (${ratio(value / reference)})` : text;
}

/** One table for each metric, or, with a single variant, one for all: `{ head: string[], rows: string[][] }`. */
export function tablesOf(result, drivers) {
  const { trial, variants } = result;
  const table = (title, columns) => {
    const rows = drivers.map((driver) => [
      driver.label,
      ...columns.map(({ metric, variant }) => cellText(result, metric, driver, variant)),
    ]);
    return {
      head: [title, ...columns.map((column) => column.title)],
      rows: rows.filter(([, ...cells]) => cells.some((cell) => cell !== '–')),
    };
  };
  if (variants.length === 1) {
    const [variant] = variants;
    return [
      table(
        variant.title,
        trial.metrics.map((metric) => ({ title: metric.title, metric, variant })),
      ),
    ];
  }
  return trial.metrics.map((metric) =>
    table(
      metric.title,
      variants.map((variant) => ({ title: variant.title, metric, variant })),
    ),
  );
}

/** Markdown that is aligned, so that a terminal shows it well, too. */
export function formatTable({ head, rows }) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
