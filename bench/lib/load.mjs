import { sleep } from './clock.mjs';

/** Anything but success and the expected bytes makes a measurement worthless. */
export function check({ code, bytes }, spec) {
  if (code !== 0 || bytes !== spec.bytes) {
    throw new Error(`${spec.file}: exit code ${code}, ${bytes} bytes of stdout; expected 0 and ${spec.bytes}`);
  }
}

/**
 * Keeps `spec.inFlight` children running, first for `warmMs`, then for `windowMs`.
 * @param {{ before: () => void, after: (completed: number) => void }} window called at its two ends
 */
export async function keepInFlight(ops, spec, window) {
  let completed = 0;
  let stopping = false;
  const lane = async () => {
    while (!stopping) {
      check(await ops.collect(spec.file, spec.args), spec);
      completed++;
    }
  };
  const lanes = Promise.all(Array.from({ length: spec.inFlight }, lane));
  await Promise.race([lanes, sleep(spec.warmMs)]);
  window.before();
  const start = completed;
  await Promise.race([lanes, sleep(spec.windowMs)]);
  window.after(completed - start);
  stopping = true;
  await lanes;
}

/** Memory of the host that is really there: each page written. */
export function fillMemory(megabytes) {
  const piece = 64;
  return Array.from({ length: Math.ceil(megabytes / piece) }, () => Buffer.alloc(piece * 1024 * 1024, 1));
}

/**
 * Starts `perSecond` children a second from a 1 ms timer, one at a time, so that a slow spawn is one stall, never the sum
 * of several.
 * @returns {Promise<number>} starts a second that were reached
 */
export async function startSteadily(ops, spec, milliseconds) {
  const running = new Set();
  let failure;
  let started = 0;

  function startOne() {
    started++;
    const ended = ops
      .collect(spec.file, spec.args)
      .then((result) => check(result, spec))
      .catch((error) => {
        failure = error;
      })
      .finally(() => running.delete(ended));
    running.add(ended);
  }

  const start = performance.now();
  for (let passed = 0; passed < milliseconds && !failure; passed = performance.now() - start) {
    if (started < (passed / 1000) * spec.perSecond && running.size < spec.mostAtOnce) startOne();
    await sleep(1);
  }
  const rate = started / ((performance.now() - start) / 1000);
  await Promise.all(running);
  if (failure) throw failure;
  return rate;
}
