import { InvalidArgumentError } from '../errors.js';
import { unknownOption } from '../subprocess/check-options.js';
import { checkRetainBytes, checkRetainMs } from '../subprocess/options.js';

/** How an executor keeps what it knows. All are limits for this executor alone. */
export interface ExecutorOptions {
  /** The most children at a time (1…2³¹−1); more wait in order. Default: no limit, and no waiting where the system has none. */
  maxLive?: number | undefined;
  /** For executions that don't say: the newest bytes that are kept of each stream (0…2³⁰); default 1 MiB. */
  retainBytes?: number | undefined;
  /** For executions that don't say: how long the log is kept from Exit on, in milliseconds (0…2³¹−1); default 60,000. */
  retainMs?: number | undefined;
  /** The most ended executions whose log is kept (0…2³¹−1); the oldest go first. Default 256. */
  maxRetained?: number | undefined;
  /** The most memory for all logs of ended executions, in bytes, roughly; the oldest go first. Default 256 MiB. */
  maxRetainedBytes?: number | undefined;
  /** The most executions that are known by their id and exit alone, after their log has gone (0…2³¹−1); default 256. */
  maxTombstones?: number | undefined;
}

export interface ExecutorPlan {
  maxLive: number;
  retainBytes: number;
  retainMs: number;
  maxRetained: number;
  maxRetainedBytes: number;
  maxTombstones: number;
}

const LARGEST = 2 ** 31 - 1;

export const DEFAULTS: Readonly<ExecutorPlan> = {
  maxLive: Number.POSITIVE_INFINITY,
  retainBytes: 1024 * 1024,
  retainMs: 60_000,
  maxRetained: 256,
  maxRetainedBytes: 256 * 1024 * 1024,
  maxTombstones: 256,
};

/** Throws InvalidArgumentError. */
export function readExecutorOptions(options: unknown): ExecutorPlan {
  if (typeof options !== 'object' || options === null) throw new InvalidArgumentError('options', 'an object', options);
  const plan = { ...DEFAULTS };
  for (const [name, value] of Object.entries(options)) {
    if (!(name in DEFAULTS)) throw unknownOption(name, value, Object.keys(DEFAULTS));
    if (value !== undefined) plan[name as keyof ExecutorPlan] = readLimit(name, value);
  }
  return plan;
}

function readLimit(name: string, value: unknown): number {
  switch (name) {
    case 'retainBytes':
      return checkRetainBytes(value);
    case 'retainMs':
      return checkRetainMs(value);
    case 'maxLive':
      return checkCount(name, value, 1, LARGEST);
    case 'maxRetainedBytes':
      return checkCount(name, value, 0, Number.MAX_SAFE_INTEGER);
    default:
      return checkCount(name, value, 0, LARGEST);
  }
}

function checkCount(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw new InvalidArgumentError(name, `a whole number from ${least} to ${most}`, value);
}
