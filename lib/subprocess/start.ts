import { heldPipeChannel } from '../shared/diagnostics.js';
import type { Executing, Host } from './executing.js';
import { completePlan, type SpawnPlan } from './plan.js';
import { Supervisor } from './supervisor.js';

const NOTHING = new Uint8Array();

/** Starts what is planned. `streamEnds`: the end of each stream matters, not only the exit. */
export function start(host: Host, plan: SpawnPlan, streamEnds: boolean): Supervisor {
  completePlan(plan);
  host.check(plan.id);
  const supervisor = new Supervisor(plan, host);
  if (streamEnds || heldPipeChannel.hasSubscribers) supervisor.wantStreamEnds();
  return begin(supervisor, host.execute(plan.request, supervisor));
}

/** The same for what has been completed and checked, and must not wait for its turn. */
export function startAtOnce(host: Host, plan: SpawnPlan): Supervisor {
  const supervisor = new Supervisor(plan, host);
  supervisor.wantStreamEnds();
  return begin(supervisor, host.executeAtOnce(plan.request, supervisor));
}

function begin(supervisor: Supervisor, execution: Executing): Supervisor {
  const { host, plan } = supervisor;
  supervisor.begin(execution);
  host.add(supervisor);
  if (plan.input !== undefined) feed(supervisor.execution, plan);
  return supervisor;
}

function feed(execution: Executing, plan: SpawnPlan): void {
  if (plan.input !== undefined && plan.input.length > 0) execution.write(plan.input);
  execution.end();
  // The engine has it until it has been written; not to be kept as long as the log.
  plan.input = NOTHING;
}
