// Runs a program with its output in a log file, and on the terminal too where asked. Node's own child_process:
// the set-up runs before lastbyte is built.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { logs, root } from './paths.mjs';

const minute = 60_000;

/** Ends the program's whole group: a runner's workers must not outlive it. */
function endGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * @returns {Promise<{ ok: boolean, how: string, log: string }>} `how` says how it ended: 'exit 1', 'SIGSEGV', 'time limit' …
 */
export async function run(command, { log, echo = false, env = {}, cwd = root, limitMs = 15 * minute }) {
  mkdirSync(logs, { recursive: true });
  const file = join(logs, `${log}.log`);
  const sink = createWriteStream(file);
  const [program, ...args] = command;
  sink.write(`$ ${command.join(' ')}\n`);
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(child);
  }, limitMs);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      sink.write(chunk);
      if (echo) process.stdout.write(chunk);
    });
  }
  const how = await new Promise((settle) => {
    child.on('error', (error) => settle(error.message));
    child.on('close', (code, signal) => settle(timedOut ? 'time limit' : (signal ?? `exit ${code}`)));
  });
  clearTimeout(timer);
  sink.end();
  await finished(sink);
  return { ok: how === 'exit 0', how, log: file };
}

/** Like run, for a step that has to succeed: throws with the end of the log. */
export async function mustRun(command, options) {
  const result = await run(command, options);
  if (result.ok) return result;
  throw new Error(`${command.join(' ')}: ${result.how}\n${lastLines(result.log, 60)}\nThe whole log: ${result.log}`);
}

export const lastLines = (file, count) => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
