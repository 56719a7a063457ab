import { mainThreadUs } from '../lib/clock.mjs';
import { fillMemory, startSteadily } from '../lib/load.mjs';
import { watchLoopDelay } from '../lib/loop-delay.mjs';
import { max, percentile } from '../lib/stats.mjs';
import { echo, ofChildProcess } from './shared.mjs';

export default {
  id: 'loop-delay',
  title: 'Event-loop delay at 500 spawns a second',
  note:
    'How late a timer of 1 ms is while `/bin/echo hi` is started 500 times a second; the same sampler in all runtimes, ' +
    'stalls weighted by their length. A rate below 500 means that the loop could not keep up.',
  needs: 'collect',
  metrics: [
    { key: 'p50', title: 'Delay p50, ms', digits: 2 },
    { key: 'p99', title: 'Delay p99, ms (of `child_process`)', digits: 2, baseDriver: ofChildProcess },
    { key: 'max', title: 'Delay max, ms', digits: 1 },
    { key: 'busy', title: 'Main thread busy, %', digits: 1 },
    { key: 'rate', title: 'Spawns a second reached' },
  ],
  variants(quick) {
    const spec = { ...echo, perSecond: 500, mostAtOnce: 256, warmMs: quick ? 200 : 500, windowMs: quick ? 600 : 2000 };
    return [
      { id: 'small', title: 'small host', spec },
      { id: 'large', title: '2 GB resident', spec: { ...spec, residentMb: 2048 } },
    ];
  },
  async measure(ops, spec) {
    const memory = fillMemory(spec.residentMb ?? 0);
    await startSteadily(ops, spec, spec.warmMs);
    const watch = watchLoopDelay();
    const main = mainThreadUs();
    const start = performance.now();
    const rate = await startSteadily(ops, spec, spec.windowMs);
    const busy = (mainThreadUs() - main) / (performance.now() - start) / 10;
    const delays = watch.stop();
    if (memory.some((piece) => piece[0] !== 1)) return null;
    return { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), max: max(delays), busy, rate };
  },
};
