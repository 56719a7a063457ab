import { InvalidArgumentError } from '../errors.js';
import { unknownOption } from '../subprocess/check-options.js';
import { readSpawnOption, SPAWN_OPTIONS, type SpawnOptions } from '../subprocess/options.js';
import type { SpawnPlan } from '../subprocess/plan.js';

export interface RunOptions extends SpawnOptions {
  /**
   * The most that may come from stdout, and from stderr, in bytes of each (0…2⁵³−1); default 64 MiB. Beyond it the child
   * is ended and MaxBytesError has what came before.
   */
  maxBytes?: number | undefined;
  /** 'utf8' (default): output as strings, with U+FFFD for what isn't UTF-8; 'buffer': as Buffers. */
  encoding?: 'utf8' | 'buffer' | undefined;
  /** Reject with RunError where the code isn't 0, a signal ended the child, or it timed out; default true. */
  check?: boolean | undefined;
}

/** What `run` itself does, of the options. */
export interface RunPlan {
  maxBytes: number;
  encoding: 'utf8' | 'buffer';
  check: boolean;
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const RUN_OPTIONS: readonly string[] = [...SPAWN_OPTIONS, 'maxBytes', 'encoding', 'check'];

/** Takes the options into the plan. */
export function readRunOptions(plan: SpawnPlan, options: RunOptions | undefined): RunPlan {
  const run: RunPlan = { maxBytes: DEFAULT_MAX_BYTES, encoding: 'utf8', check: true };
  for (const name in options) {
    const value = options[name as keyof RunOptions];
    if (!readRunOption(run, name, value) && !readSpawnOption(plan, name, value)) {
      throw unknownOption(name, value, RUN_OPTIONS);
    }
  }
  return run;
}

function readRunOption(run: RunPlan, name: string, value: unknown): boolean {
  switch (name) {
    case 'maxBytes':
      if (value !== undefined) run.maxBytes = checkMaxBytes(value);
      return true;
    case 'encoding':
      if (value !== undefined) run.encoding = checkEncoding(value);
      return true;
    case 'check':
      if (value !== undefined) run.check = checkBoolean('check', value);
      return true;
    default:
      return false;
  }
}

function checkMaxBytes(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new InvalidArgumentError('maxBytes', 'a whole number of bytes, 0 or more', value);
}

function checkEncoding(value: unknown): 'utf8' | 'buffer' {
  if (value === 'utf8' || value === 'buffer') return value;
  throw new InvalidArgumentError('encoding', "'utf8' or 'buffer'", value);
}

function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidArgumentError(name, 'a boolean', value);
}
