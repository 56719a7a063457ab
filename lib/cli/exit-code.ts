import { constants } from 'node:os';
import { type ExitInfo, LastbyteError, SpawnError } from '../index.js';

/** As timeout(1) has them. */
const TIMED_OUT = 124;
const OWN_FAILURE = 125;
/** As sh(1) has them. */
const CANNOT_RUN = 126;
const NOT_FOUND = 127;
const SIGNALLED = 128;

/** What a shell would tell of this exit. */
export function exitCode({ reason, code, signal }: ExitInfo): number {
  if (reason === 'timedOut') return TIMED_OUT;
  if (signal !== null) return SIGNALLED + constants.signals[signal];
  return code ?? OWN_FAILURE;
}

/** What a shell would tell where there is no exit. */
export function failureCode(error: unknown): number {
  if (!(error instanceof SpawnError)) return OWN_FAILURE;
  if (error.stage === 'program' || error.stage === 'interpreter')
    return error.code === 'ENOENT' ? NOT_FOUND : CANNOT_RUN;
  if (error.code === 'ENOEXEC' || error.code === 'EACCES') return CANNOT_RUN;
  return OWN_FAILURE;
}

/** For people, without the stack. */
export function failureText(error: unknown): string {
  if (error instanceof LastbyteError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** How a command ended, in words; undefined where it succeeded. */
export function failureOf(info: ExitInfo, timeoutMs: number | undefined): string | undefined {
  if (info.reason === 'timedOut') return `timed out after ${timeoutMs} ms`;
  if (info.signal !== null) return `ended by ${info.signal}`;
  if (info.code !== 0) return `exit code ${info.code}`;
  return undefined;
}
