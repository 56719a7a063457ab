import { mainThreadUs } from '../lib/clock.mjs';
import { helpers } from '../lib/paths.mjs';
import { ofShell } from './shared.mjs';

const MiB = 1024 * 1024;

export default {
  id: 'chain',
  title: 'A chain of children',
  note: 'A child that writes 2 GiB in blocks of 64 KiB into a chain of `cat`s, the last of which writes to /dev/null.',
  needs: 'chain',
  metrics: [
    { key: 'mbPerSecond', title: 'MB a second (of a shell)', baseDriver: ofShell },
    { key: 'mainUs', title: 'Main-thread µs, all of it', digits: 0 },
  ],
  variants(quick) {
    const total = quick ? 512 : 2048;
    return [1, 3].map((cats) => ({
      id: `cats-${cats}`,
      title: `${cats + 1} stages`,
      spec: {
        stages: [[helpers.writer, String(total)], ...Array.from({ length: cats }, () => ['cat'])],
        bytes: total * MiB,
      },
    }));
  },
  async measure(ops, spec) {
    const start = performance.now();
    const main = mainThreadUs();
    const { code } = await ops.chain(spec.stages);
    if (code !== 0) throw new Error(`The chain ended with ${code}`);
    return {
      mbPerSecond: spec.bytes / 1e6 / ((performance.now() - start) / 1000),
      mainUs: mainThreadUs() - main,
    };
  },
};
