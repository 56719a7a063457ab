import type { Supervisor } from '../subprocess/supervisor.js';
import type { ExecutionState, ExecutionSummary } from './executor.js';

/** What `list()` tells of an execution. Asking changes nothing about it. */
export function summarize(supervisor: Supervisor): ExecutionSummary {
  const { id, plan, startedAt, execution, log } = supervisor;
  const { pid, info } = execution;
  const summary: ExecutionSummary = {
    id,
    state: stateOf(supervisor),
    file: plan.file,
    args: [...(plan.args ?? [])],
    startedAt,
    seq: log.seal(),
  };
  if (pid !== undefined) summary.pid = pid;
  // Who asks for the facts first lets the streams drain, and freezes them: not here.
  if (info !== undefined) {
    summary.exit = Object.isFrozen(info) ? info : { ...info, usage: { ...info.usage }, dropped: log.dropped() };
  }
  return summary;
}

function stateOf({ execution, log }: Supervisor): ExecutionState {
  if (execution.startError !== undefined) return 'failed';
  if (execution.info !== undefined) return 'exited';
  if (log.reapedInfo !== undefined) return 'reaped';
  if (execution.pid !== undefined) return 'running';
  return execution.queued === true ? 'queued' : 'starting';
}
