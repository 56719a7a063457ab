import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bench } from './paths.mjs';
import { runtimeCommand } from './runtimes.mjs';

const LIMIT_MS = 120_000;

function lastJsonLine(command) {
  const env = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
  return new Promise((resolve, reject) => {
    const options = { cwd: bench, timeout: LIMIT_MS, killSignal: 'SIGKILL', env };
    execFile(command[0], command.slice(1).map(String), options, (error, stdout, stderr) => {
      if (error) {
        const how = error.killed
          ? `no answer within ${LIMIT_MS / 1000} s`
          : (error.signal ?? `exit code ${error.code}`);
        reject(new Error([how, stderr.trim()].join('\n')));
      } else {
        resolve(JSON.parse(stdout.trim().split('\n').at(-1)));
      }
    });
  });
}

/** @returns {Promise<Record<string, number> | null>} null where this driver has no answer to this trial */
export async function measure(driver, trial, spec) {
  if (trial.probe) return trial.probe(driver, spec);
  if (driver.command) {
    const command = driver.command(trial.id, spec);
    return command ? lastJsonLine(command) : null;
  }
  const request = JSON.stringify({ driver: driver.name, trial: trial.id, spec });
  return lastJsonLine([...runtimeCommand(driver.runtime), join(bench, 'worker.mjs'), request]);
}

/** @returns {string | undefined} why this driver can't be measured on this machine */
export function obstacle({ label, runtime, module }) {
  if (runtimeCommand(runtime) === undefined) return `${label}: its package has no binary for this machine`;
  if (module && !existsSync(module)) return `${label}: not built (${module.pathname} is missing)`;
  return undefined;
}
