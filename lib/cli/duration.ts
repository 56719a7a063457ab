import { UsageError } from './usage.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_MS = 2 ** 31 - 1;

/** Milliseconds of '500ms', '10s', '1.5m', '2h', or a number of seconds. Throws UsageError. */
export function parseDuration(name: string, text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const milliseconds = Number(number) * (UNITS[unit] as number);
  if (milliseconds >= 1 && milliseconds <= LONGEST_MS) return milliseconds;
  throw new UsageError(`--${name} must be a time like 500ms, 10s, 5m or 2h, up to 24 days; got '${text}'`);
}
