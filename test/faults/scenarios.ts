import { dirname } from 'node:path';
import { LastbyteError, SpawnError } from 'lastbyte';
import { Engine, type ExecutionRequest } from 'lastbyte/engine';
import { expect } from 'vitest';
import { actor } from '../support/actor.js';
import { pattern } from '../support/pattern.js';
import { expectContract, Recording } from '../support/record.js';

interface Scenario {
  request: ExecutionRequest;
  /** What the test does when the child runs. */
  meanwhile?(child: Recording): void;
  /** Whether this is what comes when no call fails. */
  isPerfect(child: Recording): boolean;
}

const OUT = 150_000;
const ERR = 20;
const IN = 100_000;
const { file, args } = actor('slurp', IN, 'out', OUT, 'err', ERR, 'exit', 3);

/** A kill() that could not be carried out says so. */
function kill({ execution }: Recording): void {
  for (let i = 0; i < 10; i++) if (execution.kill('SIGTERM')) return;
}

const isKilled = ({ execution: { info } }: Recording) =>
  info?.signal === 'SIGTERM' && info.reason === 'killed' && info.outputComplete;

export const scenarios: Record<string, Scenario> = {
  'all three streams': {
    // Found through PATH, in a directory: no step of a start is left out.
    request: { file: 'actor', args, env: { PATH: `/nowhere:${dirname(file)}` }, cwd: '/usr', stdin: 'pipe' },
    meanwhile: ({ execution }) => {
      execution.write(pattern(IN));
      execution.end();
    },
    isPerfect: ({ execution: { info }, stdout, stderr }) =>
      info?.code === 3 && info.outputComplete && stdout.length === OUT && stderr.length === ERR,
  },
  'files for stdin and stdout': {
    request: {
      ...actor('copy', 'err', ERR, 'exit', 3),
      stdin: { file: import.meta.filename },
      stdout: { file: '/dev/null', append: true },
      stderr: 'pipe',
    },
    isPerfect: ({ execution: { info }, stderr }) => info?.code === 3 && info.outputComplete && stderr.length === ERR,
  },
  'a stream that is cut': {
    request: { ...actor('out', 1000, 'fork', '{', 'pause', '}', 'exit', 0), drain: { deadlineMs: 0 } },
    isPerfect: ({ execution: { info }, stdout }) => info?.code === 0 && !info.outputComplete && stdout.length === 1000,
  },
  'a killed group': { request: actor('pause'), meanwhile: kill, isPerfect: isKilled },
  'a killed child without a group': {
    request: { ...actor('pause'), group: false },
    meanwhile: kill,
    isPerfect: isKilled,
  },
};

/** Plays a scenario in an engine of its own: the engine's threads come up and go down, too. */
export async function play(scenario: Scenario): Promise<Recording | LastbyteError> {
  const engine = new Engine();
  let child: Recording;
  try {
    const onStarted = () => scenario.meanwhile?.(child);
    child = new Recording(scenario.request, { engine, keep: false, on: { onStarted } });
  } catch (error) {
    return error as LastbyteError;
  }
  await child.wait().catch(() => {});
  await engine.close();
  // What was cut lives on.
  if (child.execution.info?.outputComplete === false) endGroup(child.pid);
  return child;
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' });
  }
}

/** Whatever has failed: the contract's order, no wrong byte, and either the whole truth or one typed error. */
export function expectHonest(scenario: Scenario, played: Recording | LastbyteError): void {
  if (!(played instanceof Recording)) {
    expect(played).toBeInstanceOf(LastbyteError);
    expect(played.code).toMatch(/^E[A-Z0-9]+$/);
    return;
  }
  const { execution, log, stdout, stderr } = played;
  const { info, startError } = execution;
  expectContract(log);
  expect(log.endsWith('W')).toBe(true);
  expect([stdout.matched, stderr.matched]).toEqual([stdout.length, stderr.length]);
  if (startError !== undefined) {
    expect(startError).toBeInstanceOf(SpawnError);
    expect(startError.code).toMatch(/^E[A-Z0-9]+$/);
  } else if (info?.outputComplete && info.reason !== 'unknown') {
    expect({ perfect: scenario.isPerfect(played), log, info }).toMatchObject({ perfect: true });
  }
}
