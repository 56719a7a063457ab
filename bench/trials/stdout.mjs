import { mainThreadUs, processUs, status } from '../lib/clock.mjs';
import { check } from '../lib/load.mjs';
import { helpers } from '../lib/paths.mjs';
import { ofChildProcess } from './shared.mjs';

const MiB = 1024 * 1024;

export default {
  id: 'stdout',
  title: 'Throughput of stdout',
  note:
    'Children that write blocks of 64 KiB, 1 GiB in all, into a consumer that counts bytes. The C bound reads pipes of ' +
    '1 MiB. `run` is not here: it collects, and has a limit.',
  needs: 'drain',
  metrics: [
    { key: 'mbPerSecond', title: 'MB a second (of `child_process`)', baseDriver: ofChildProcess },
    {
      key: 'mainUsPerMb',
      title: 'Main-thread µs for each MB (of `child_process`)',
      digits: 0,
      baseDriver: ofChildProcess,
    },
    { key: 'cpuUsPerMb', title: 'CPU µs for each MB, all threads of the host', digits: 0 },
    { key: 'peakRssMb', title: 'Peak resident memory of the host, MB', digits: 0 },
  ],
  variants(quick) {
    const total = quick ? 256 : 1024;
    return [1, 8].map((children) => ({
      id: `children-${children}`,
      title: children === 1 ? 'one child' : `${children} children`,
      spec: { file: helpers.writer, args: [String(total / children)], bytes: (total / children) * MiB, children },
    }));
  },
  async measure(ops, spec) {
    const start = { ms: performance.now(), main: mainThreadUs(), all: processUs() };
    const all = Array.from({ length: spec.children }, () => ops.drain(spec.file, spec.args));
    for (const result of await Promise.all(all)) check(result, spec);
    const megabytes = (spec.children * spec.bytes) / 1e6;
    return {
      mbPerSecond: megabytes / ((performance.now() - start.ms) / 1000),
      mainUsPerMb: (mainThreadUs() - start.main) / megabytes,
      cpuUsPerMb: (processUs() - start.all) / megabytes,
      peakRssMb: status('VmHWM') / 1024,
    };
  },
};
