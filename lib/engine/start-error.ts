import { type LastbyteError, SpawnError } from '../errors.js';
import { StartStage } from '../native/contract.js';
import type { SpawnStage } from '../shared/facts.js';
import { errorName } from './errno.js';
import type { Execution } from './execution.js';

export type { SpawnStage };

const stageNames = new Map<number, SpawnStage>(
  Object.entries(StartStage).map(([name, number]) => [number, name as SpawnStage]),
);

const SYSCALLS: Partial<Record<SpawnStage, string>> = { cwd: 'chdir', stdin: 'open', stdout: 'open', stderr: 'open' };

function describe(stage: SpawnStage, code: string, file: string, cwd: string | undefined): string {
  switch (stage) {
    case 'cwd':
      return `Cannot start '${file}': the working directory '${cwd}' cannot be entered (${code})`;
    case 'program':
      return `Cannot start '${file}': the program was not found or may not be run (${code})`;
    case 'interpreter':
      return `Cannot start '${file}': the program exists, but the interpreter or loader that it names does not (${code})`;
    case 'cancelled':
      return `'${file}' was killed before it was started`;
    case 'resources':
      return `Cannot start '${file}': the host is short of a resource for it (${code})`;
    case 'stdin':
    case 'stdout':
    case 'stderr':
      return `Cannot start '${file}': its ${stage} cannot be redirected as asked (${code})`;
    case 'spawn':
      return `Cannot start '${file}' (${code})`;
  }
}

/** The typed error of a `startFailed` record. */
export function startError(execution: Execution, errno: number, stageNumber: number): LastbyteError {
  const { file, cwd } = execution.request;
  const stage = stageNames.get(stageNumber) ?? 'spawn';
  const code = errorName(errno);
  return new SpawnError(describe(stage, code, file, cwd), {
    code,
    errno: -errno,
    syscall: SYSCALLS[stage] ?? 'spawn',
    stage,
    file,
    ...(cwd === undefined ? {} : { cwd }),
    id: String(execution.id),
  });
}
