import { mainThreadUs } from '../../bench/lib/clock.mjs';
import { watchLoopDelay } from '../../bench/lib/loop-delay.mjs';
import { OrderWatch } from './order.mjs';

/** sha256sum on each file, `parallel` at a time. Everything that is observed goes into the tally. */
export async function runRound(contender, files, parallel, tally) {
  const left = files.values();
  const lane = async () => {
    for (const file of left) {
      const order = new OrderWatch();
      const outcome = await contender.start('sha256sum', [file.path], order);
      order.answered();
      tally.add(file, outcome, order);
    }
  };
  const watch = watchLoopDelay();
  const main = mainThreadUs();
  const start = performance.now();
  await Promise.all(Array.from({ length: parallel }, lane));
  tally.milliseconds += performance.now() - start;
  tally.mainUs += mainThreadUs() - main;
  tally.delays.push(...watch.stop());
}
