import { execute } from '../engine.js';
import { completePlan, type SpawnPlan } from './plan.js';
import { Supervisor } from './supervisor.js';

/** Starts what is planned. `streamEnds`: the end of each stream matters, not only the exit. */
export function start(plan: SpawnPlan, streamEnds: boolean): Supervisor {
  completePlan(plan);
  const supervisor = new Supervisor(plan);
  if (streamEnds) supervisor.wantStreamEnds();
  supervisor.begin(execute(plan.request, supervisor));
  return supervisor;
}
