import { measureRate } from '../lib/rate.mjs';
import { echo, nothing, ofBound, ofChildProcess } from './shared.mjs';

export default {
  id: 'processes',
  title: 'Short processes',
  note:
    '`/bin/echo hi` with N in flight: each child with two pipes that are read to their ends, its status, its three bytes ' +
    'checked. `/bin/true` once, for comparison. Counted over one second after half a second of warming up.',
  needs: 'collect',
  metrics: [
    { key: 'rate', title: 'Processes a second (share of the C bound)', baseDriver: ofBound },
    { key: 'mainUs', title: 'Main-thread µs a process (of `child_process`)', digits: 1, baseDriver: ofChildProcess },
    { key: 'cpuUs', title: 'CPU µs a process, all threads of the host', digits: 0 },
  ],
  variants(quick) {
    const time = quick ? { warmMs: 200, windowMs: 400 } : { warmMs: 500, windowMs: 1000 };
    return [
      ...[1, 8, 64].map((inFlight) => ({
        id: `echo-${inFlight}`,
        title: `${inFlight} in flight`,
        spec: { ...echo, ...time, inFlight },
      })),
      { id: 'true-8', title: '8, `/bin/true`', spec: { ...nothing, ...time, inFlight: 8 } },
    ];
  },
  measure: measureRate,
};
