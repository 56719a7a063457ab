import { UnsupportedError } from '../errors.js';
import type { Supervisor } from './supervisor.js';

/** A process that can still write to a stream of an execution. */
export interface Holder {
  pid: number;
  /** Its command line; its name where it has none. */
  command: string;
  streams: ('stdout' | 'stderr')[];
}

/** open(2): the access mode is O_WRONLY or O_RDWR. */
const WRITES = 0o3;

/**
 * The processes that hold an output pipe open, as /proc shows them: those that this process may look at. Throws
 * UnsupportedError where there is no /proc. proc(5)
 */
export async function heldBy({ id, execution, log }: Supervisor): Promise<Holder[]> {
  if (process.platform !== 'linux') {
    throw new UnsupportedError('Who holds a pipe can only be known where there is a /proc', { id });
  }
  const pipes = new Map<string, 'stdout' | 'stderr'>();
  for (const stream of [log.stdout, log.stderr]) {
    const inode = stream === null ? 0 : execution.pipeInode(stream.number);
    if (stream !== null && inode !== 0) pipes.set(`pipe:[${inode}]`, stream.name);
  }
  if (pipes.size === 0) return [];
  const { readdir } = process.getBuiltinModule('node:fs/promises');
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const holders: Holder[] = [];
  // One after the other: hundreds at a time would take the thread pool away from everybody else.
  for (const pid of pids) {
    const streams = pid === process.pid ? [] : await streamsOf(pid, pipes);
    if (streams.length > 0) holders.push({ pid, command: await commandOf(pid), streams });
  }
  return holders;
}

async function streamsOf(pid: number, pipes: ReadonlyMap<string, 'stdout' | 'stderr'>) {
  const { readdir, readFile, readlink } = process.getBuiltinModule('node:fs/promises');
  const streams = new Set<'stdout' | 'stderr'>();
  // It may have ended meanwhile, or belong to somebody else.
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const stream = pipes.get(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''));
    if (stream === undefined) continue;
    const info = await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8').catch(() => '');
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
    if ((flags & WRITES) !== 0) streams.add(stream);
  }
  return [...streams].sort().reverse();
}

async function commandOf(pid: number): Promise<string> {
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const command = words.replace(/\0+$/, '').replaceAll('\0', ' ');
  return command === '' ? (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() : command;
}
