import type { EndTarget, Supervisor } from './supervisor.js';

/** The pid, or why there is none. Not looking at a failure is allowed: `wait()` and the streams tell it, too. */
export function startedPromise(supervisor: Supervisor): Promise<number> {
  const promise = new Promise<number>((resolve, reject) => {
    const { execution } = supervisor;
    if (execution.pid !== undefined) return resolve(execution.pid);
    if (execution.startError !== undefined) return reject(execution.startError);
    const target: EndTarget = { ended: (error) => error !== undefined && reject(error) };
    supervisor.beforeEnd(target);
    supervisor.onStarted = resolve;
    execution.expectStarted();
  });
  promise.catch(() => {});
  return promise;
}
