import { closeSync } from 'node:fs';
import { checkRequest } from '../engine/request.js';
import { InvalidArgumentError } from '../errors.js';
import { unknownOption } from '../subprocess/check-options.js';
import type { Host } from '../subprocess/executing.js';
import { readSpawnOption, SPAWN_OPTIONS, type SpawnOptions } from '../subprocess/options.js';
import { completePlan, newPlan, type SpawnPlan } from '../subprocess/plan.js';
import { startAtOnce } from '../subprocess/start.js';
import { Subprocess } from '../subprocess/subprocess.js';
import { Pipeline } from './pipeline.js';

/** `[file, args?, options?]`, as `spawn` takes them. Only the first has a `stdin`, only the last a `stdout`. */
export type Stage = readonly [file: string, args?: readonly string[] | undefined, options?: SpawnOptions | undefined];

/**
 * Starts a chain of children. Between two of them there is one pipe of the kernel: no byte passes through this process, and
 * a stage whose reader has gone gets SIGPIPE, as in a shell. All are started at once, also where `maxLive` would let them
 * wait: they wait for each other. Throws as `spawn` does, before any of them has been started; where one can't be started,
 * its neighbours find their pipe closed, and `wait()` tells which it was.
 */
export type StartPipeline = (stages: readonly Stage[]) => Pipeline;

export function pipelineIn(host: Host, stages: readonly Stage[]): Pipeline {
  if (!Array.isArray(stages) || stages.length === 0) {
    throw new InvalidArgumentError('stages', 'an array of one or more [file, args?, options?]', stages);
  }
  const plans = stages.map((stage, index) => planStage(host, stage, index, stages.length));
  const links: number[] = [];
  try {
    for (let i = 1; i < plans.length; i++) {
      const [readEnd, writeEnd] = host.pipe();
      links.push(readEnd, writeEnd);
      (plans[i] as SpawnPlan).request.stdin = readEnd;
      (plans[i - 1] as SpawnPlan).request.stdout = writeEnd;
    }
    const children = plans.map((plan) => new Subprocess(startAtOnce(host, plan), 'spawn'));
    return new Pipeline(
      children,
      plans.map(({ file }) => file),
    );
  } finally {
    // Each child has duplicates of its own: as long as there is another one here, no end of file comes.
    for (const end of links) closeSync(end);
  }
}

function planStage(host: Host, stage: Stage, index: number, count: number): SpawnPlan {
  const name = `stages[${index}]`;
  if (!Array.isArray(stage)) throw new InvalidArgumentError(name, '[file, args?, options?]', stage);
  const [file, args, options = {}] = stage;
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError(`${name}[2]`, 'an object', options);
  const plan = newPlan(file, args);
  for (const [option, value] of Object.entries(options)) {
    const linked = option === 'stdout' ? index < count - 1 : ['stdin', 'input'].includes(option) && index > 0;
    if (linked && value !== undefined) {
      throw new InvalidArgumentError(`${name}.${option}`, 'left out: that is a pipe to its neighbour', value);
    }
    if (!readSpawnOption(plan, option, value)) throw unknownOption(`${name}.${option}`, value, SPAWN_OPTIONS);
  }
  completePlan(plan);
  checkRequest(plan.request);
  host.check(plan.id);
  return plan;
}
