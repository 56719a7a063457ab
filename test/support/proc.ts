import { readFileSync } from 'node:fs';
import { stateOf } from './leaks.js';

const read = (pid: number | 'self', file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');

/** Bytes that a process has written so far; proc(5). */
export function bytesWritten(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(read(pid, 'io'))?.[1]);
}

/** Resolves when the process waits in write(2) for room in a pipe. */
export async function blockedInWrite(pid: number): Promise<void> {
  while (!read(pid, 'wchan').includes('pipe_write')) await new Promise(setImmediate);
}

/** Resolves when the process has ended, be it collected or not. */
export async function ended(pid: number): Promise<void> {
  while (!['Z', undefined].includes(stateOf(pid))) await new Promise(setImmediate);
}

/** This process's resident memory, without what files can give back. */
export function residentBytes(): number {
  const [, pages, shared] = read('self', 'statm').split(' ').map(Number);
  return ((pages as number) - (shared as number)) * 4096;
}

/** Numbers from /proc/PID/stat: 4 parent, 5 group, 6 session; proc(5). */
export function statField(pid: number, field: number): number {
  // The name, in parentheses, is the second; it may have spaces.
  return Number(
    read(pid, 'stat')
      .replace(/^.*\) /s, '')
      .split(' ')[field - 3],
  );
}
