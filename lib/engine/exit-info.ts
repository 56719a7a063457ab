import { Cause, OutcomeSlot } from '../native/contract.js';
import type { ExitInfo, ExitReason } from '../shared/facts.js';
import { signalName } from './signals.js';

export type { ExitInfo, ExitReason };

function reasonOf(cause: number, signal: number, statusErrno: number): ExitReason {
  switch (cause) {
    case Cause.timedOut:
      return 'timedOut';
    case Cause.aborted:
      return 'aborted';
    case Cause.killed:
      return 'killed';
    case Cause.closed:
      return 'closed';
    default:
      if (statusErrno !== 0) return 'unknown';
      return signal === 0 ? 'exited' : 'signaled';
  }
}

/** Reads the outcome that stands in the record at slot `at`. */
export function readOutcome(records: Float64Array, at: number): ExitInfo {
  const slot = (offset: number) => records[at + offset] as number;
  const code = slot(OutcomeSlot.code);
  const signal = slot(OutcomeSlot.signal);
  return {
    pid: slot(OutcomeSlot.pid),
    code: code < 0 ? null : code,
    signal: signal === 0 ? null : signalName(signal),
    reason: reasonOf(slot(OutcomeSlot.cause), signal, slot(OutcomeSlot.statusErrno)),
    outputComplete: slot(OutcomeSlot.cut) === 0,
    dropped: { stdout: 0, stderr: 0 },
    durationMs: slot(OutcomeSlot.durationMs),
    usage: {
      userMs: slot(OutcomeSlot.userMs),
      systemMs: slot(OutcomeSlot.systemMs),
      maxRssBytes: slot(OutcomeSlot.maxRssBytes),
    },
  };
}
