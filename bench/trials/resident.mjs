import { fillMemory } from '../lib/load.mjs';
import { measureRate } from '../lib/rate.mjs';
import { echo } from './shared.mjs';

const baseVariant = 'small';

export default {
  id: 'resident',
  title: 'A host with 2 GB in memory',
  note: 'The same, 8 in flight, in a host that holds 2 GB of written pages. In brackets: the multiple of its own small host.',
  needs: 'collect',
  metrics: [
    { key: 'rate', title: 'Processes a second', baseVariant },
    { key: 'mainUs', title: 'Main-thread µs a process', digits: 1, baseVariant },
  ],
  variants(quick) {
    const spec = {
      ...echo,
      inFlight: 8,
      ...(quick ? { warmMs: 200, windowMs: 500 } : { warmMs: 500, windowMs: 1500 }),
    };
    return [
      { id: baseVariant, title: 'small', spec },
      { id: 'large', title: '2 GB resident', spec: { ...spec, residentMb: 2048 } },
    ];
  },
  async measure(ops, spec) {
    const memory = fillMemory(spec.residentMb ?? 0);
    const figures = await measureRate(ops, spec);
    // Read after the window, so that no collector gives it back before.
    return memory.every((piece) => piece[0] === 1) ? figures : null;
  },
};
