import { readdirSync, readFileSync } from 'node:fs';

/** What this process holds of the system. */
export function holdings() {
  const tasks = readdirSync('/proc/self/task');
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return { descriptors: readdirSync('/proc/self/fd').length, threads: tasks.length, children: children.length };
}

export const residentMb = () => process.memoryUsage.rss() / 2 ** 20;
