import { Engine, engine } from '../engine.js';
import { LocalExecutor } from './local-executor.js';
import { DEFAULTS, type ExecutorOptions, readExecutorOptions } from './options.js';

/** This thread's own executor: `spawn` and `run` are its. Closing it closes this thread's default engine, for good. */
export const local = new LocalExecutor(engine, DEFAULTS);

/**
 * An executor with limits of its own, for hosts that run commands for others. It doesn't see what others start, and
 * closing it ends only what it has started. Throws InvalidArgumentError.
 */
export function createExecutor(options: ExecutorOptions = {}): LocalExecutor {
  return new LocalExecutor(new Engine(), readExecutorOptions(options));
}

export const { spawn, run, pipeline } = local;
