import { AbortError, ClosedError, type LastbyteError, MaxBytesError, RunError, StatusLostError } from '../errors.js';
import type { RunResult } from '../shared/facts.js';
import type { Job } from './job.js';
import { commandLine, failureMessage } from './message.js';

/** The error of a command that was never started. */
export function notStarted({ supervisor, file, args }: Job): LastbyteError {
  const { id, plan, execution } = supervisor;
  const error = execution.startError as LastbyteError;
  if (error.code === 'ECANCELED' && execution.closed) {
    return new ClosedError(`The engine was closed before this was started: ${commandLine(file, args)}`, { file, id });
  }
  if (error.code === 'ECANCELED' && plan.signal?.aborted) {
    return new AbortError(`Command was aborted before its start: ${commandLine(file, args)}`, plan.signal.reason, {
      file,
      id,
    });
  }
  // It was made where the engine's events arrive; what helps is who called.
  Error.captureStackTrace(error);
  return error;
}

/** What is wrong with the result; undefined where nothing is. */
export function verdict(job: Job, result: RunResult<string | Buffer>): LastbyteError | undefined {
  const { supervisor, overflowed, plan } = job;
  const { file, args, reason, code } = result;
  if (overflowed !== undefined) {
    const { maxBytes } = plan;
    const message = `Command wrote more than ${maxBytes} bytes to ${overflowed.name}: ${commandLine(file, args)}`;
    return new MaxBytesError(message, { file, id: supervisor.id, stream: overflowed.name, maxBytes, result });
  }
  if (reason === 'aborted') {
    const cause = supervisor.plan.signal?.reason;
    return new AbortError(`Command was aborted: ${commandLine(file, args)}`, cause, {
      file,
      id: supervisor.id,
      result,
    });
  }
  if (reason === 'closed') {
    return new ClosedError(`The engine was closed while this ran: ${commandLine(file, args)}`, {
      file,
      id: supervisor.id,
    });
  }
  if (reason === 'unknown') return new StatusLostError(supervisor.facts(), { file, id: supervisor.id });
  if (!plan.check || (code === 0 && reason !== 'timedOut')) return undefined;
  const message = failureMessage(result, supervisor.plan.request.timeoutMs);
  return new RunError(message, result, { file, id: supervisor.id });
}
