import { mainThreadUs, processUs } from './clock.mjs';
import { keepInFlight } from './load.mjs';

/** Processes a second, and what one costs, over the window. */
export async function measureRate(ops, spec) {
  const at = {};
  const figures = {};
  await keepInFlight(ops, spec, {
    before() {
      Object.assign(at, { ms: performance.now(), main: mainThreadUs(), all: processUs() });
    },
    after(completed) {
      if (completed === 0) throw new Error(`No child ended within ${spec.windowMs} ms`);
      figures.rate = completed / ((performance.now() - at.ms) / 1000);
      figures.mainUs = (mainThreadUs() - at.main) / completed;
      figures.cpuUs = (processUs() - at.all) / completed;
    },
  });
  return figures;
}
