import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { bench } from '../lib/paths.mjs';
import { median } from '../lib/stats.mjs';

export default {
  id: 'import',
  title: 'Loading',
  note: '`import` of the package in a fresh process of this Node; each round is the median of several processes.',
  metrics: [{ key: 'ms', title: '`import`, ms', digits: 2 }],
  variants: (quick) => [{ id: 'import', title: '', spec: { processes: quick ? 3 : 9 } }],
  async probe({ module }, spec) {
    if (module === undefined) return null;
    const once = () => Number(execFileSync(process.execPath, [join(bench, 'import-probe.mjs'), module.href]));
    return { ms: median(Array.from({ length: spec.processes }, once)) };
  },
};
