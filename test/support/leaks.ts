import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What this process holds of the system. */
export interface Holdings {
  /** Open descriptors: how many of each kind. */
  descriptors: Record<string, number>;
  threads: number;
  /** Children, also those that have ended and were not collected, as 'pid state'. */
  children: string[];
}

function descriptors(): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const fd of readdirSync('/proc/self/fd')) {
    let target: string;
    try {
      target = readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      continue; // the one that lists this folder
    }
    const kind = target.replace(/:\[\d+\]$/, '');
    if (kind.startsWith('/proc/')) continue;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

/** The state letter of a process, as in proc(5); undefined where there is none. */
export function stateOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '')[0];
  } catch {
    return undefined;
  }
}

/** PF_EXITING of the kernel's sched.h, among the flags that proc(5) shows. */
const EXITING = 0x4;

/** A thread that has been joined may be listed for some microseconds more: pthread_join(3) is woken from within its exit. */
function threads(): number {
  return readdirSync('/proc/self/task').filter((task) => {
    try {
      const fields = readFileSync(`/proc/self/task/${task}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[6]) & EXITING) === 0;
    } catch {
      return false; // gone by now
    }
  }).length;
}

function children(): string[] {
  const found: string[] = [];
  for (const task of readdirSync('/proc/self/task')) {
    const list = childrenOf(task);
    for (const pid of list === '' ? [] : list.split(' ')) found.push(`${pid} ${stateOf(Number(pid))}`);
  }
  return found.sort();
}

/** As the kernel lists them for a thread; none where that has gone. */
function childrenOf(task: string): string {
  try {
    return readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim();
  } catch {
    return '';
  }
}

export function holdings(): Holdings {
  return {
    descriptors: descriptors(),
    threads: threads(),
    children: children(),
  };
}
