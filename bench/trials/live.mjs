import { sleep, status } from '../lib/clock.mjs';
import { helpers } from '../lib/paths.mjs';

/** Starts in flight: what a host that restores its children would do. */
const LANES = 32;

export default {
  id: 'live',
  title: 'Live children',
  note:
    'Children that wait, each with two pipes, all alive at once. `run` is not here: it has no handle to hold. ' +
    'Memory is what the host has more than before, not the children.',
  needs: 'hold',
  rounds: 2,
  metrics: [
    { key: 'allThreads', title: 'Threads of the host' },
    { key: 'threads', title: 'more than before' },
    { key: 'rssMb', title: 'Resident memory more, MB', digits: 1 },
    { key: 'startSeconds', title: 'Seconds to start them all', digits: 2 },
  ],
  variants(quick) {
    const children = quick ? 500 : 5000;
    return [{ id: 'live', title: `${children.toLocaleString('en')} live`, spec: { children, file: helpers.pause } }];
  },
  async measure(ops, spec) {
    const before = { threads: status('Threads'), rss: status('VmRSS') };
    const start = performance.now();
    const held = [];
    let left = spec.children;
    const lane = async () => {
      while (left-- > 0) held.push(await ops.hold(spec.file, []));
    };
    try {
      await Promise.all(Array.from({ length: LANES }, lane));
      const startSeconds = (performance.now() - start) / 1000;
      await sleep(300);
      return {
        allThreads: status('Threads'),
        threads: status('Threads') - before.threads,
        rssMb: (status('VmRSS') - before.rss) / 1024,
        startSeconds,
      };
    } finally {
      left = 0;
      for (const child of held) child.kill();
      await Promise.all(held.map((child) => child.exited));
    }
  },
};
