// Node, Bun and Deno alike: what the kernel says of this process, not what the runtime says of itself.
import { existsSync, readFileSync } from 'node:fs';

const mainThread = `/proc/${process.pid}/task/${process.pid}/schedstat`;

const canTell = existsSync(mainThread);

/** CPU time of the main thread in µs: what its event loop could not use for anything else. NaN where there is no /proc. */
export function mainThreadUs() {
  if (!canTell) return Number.NaN;
  return Number(readFileSync(mainThread, 'latin1').split(' ', 1)[0]) / 1e3;
}

/** CPU time of all threads in µs, the children's not included. */
export function processUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** A number of /proc/self/status; sizes are in kB there. */
export function status(field) {
  const text = readFileSync(`/proc/${process.pid}/status`, 'latin1');
  return Number(text.match(new RegExp(`^${field}:\\s+(\\d+)`, 'm'))[1]);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
