import { helpers } from '../lib/paths.mjs';

export default {
  name: 'bound',
  label: 'C bound',
  runtime: 'native',
  command(trial, spec) {
    const child = [spec.bytes, spec.file, ...(spec.args ?? [])];
    if (trial === 'processes' || trial === 'resident') {
      return [helpers.bound, 'processes', spec.inFlight, spec.warmMs, spec.windowMs, spec.residentMb ?? 0, ...child];
    }
    if (trial === 'stdout') return [helpers.bound, 'stdout', spec.children, ...child];
    return undefined;
  },
};
