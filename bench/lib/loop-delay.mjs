/**
 * How late timers are. One method for all runtimes (Bun and Deno have no comparable monitorEventLoopDelay): a timer of
 * 1 ms; what it is late by is a sample, and so is what each timer would have been late by that a stall kept from being set
 * (a stall of 50 ms counts as 50, 49, 48 …). So a percentile is one over time, not over timers that happened to run.
 */
export function watchLoopDelay(periodMs = 1) {
  const samples = [];
  let due = performance.now() + periodMs;
  let timer = setTimeout(tick, periodMs);

  function tick() {
    const now = performance.now();
    let late = Math.max(0, now - due);
    do {
      samples.push(late);
      late -= periodMs;
    } while (late > 0);
    due = now + periodMs;
    timer = setTimeout(tick, periodMs);
  }

  return {
    /** Ends the watch. @returns {number[]} milliseconds */
    stop() {
      clearTimeout(timer);
      return samples;
    },
  };
}
