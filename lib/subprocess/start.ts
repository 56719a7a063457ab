import { heldPipeChannel } from '../shared/diagnostics.js';
import type { Host } from './executing.js';
import { completePlan, type SpawnPlan } from './plan.js';
import { Supervisor } from './supervisor.js';

/** Starts what is planned. `streamEnds`: the end of each stream matters, not only the exit. */
export function start(host: Host, plan: SpawnPlan, streamEnds: boolean): Supervisor {
  completePlan(plan);
  host.check(plan.id);
  const supervisor = new Supervisor(plan, host);
  if (streamEnds || heldPipeChannel.hasSubscribers) supervisor.wantStreamEnds();
  supervisor.begin(host.execute(plan.request, supervisor));
  host.add(supervisor);
  return supervisor;
}
