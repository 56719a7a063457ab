import { measure } from './measure.mjs';
import { median } from './stats.mjs';

/** Each round begins with another driver, so that nobody always follows the same one. */
const rotated = (list, by) => list.map((_, index) => list[(index + by) % list.length]);

function medians(samples) {
  const keys = Object.keys(samples[0]);
  return Object.fromEntries(keys.map((key) => [key, median(samples.map((sample) => sample[key]))]));
}

/**
 * Runs one trial: all drivers in turn, for each variant, in each round. One measurement runs at a time.
 * @returns {Promise<{ trial: object, variants: object[], rounds: number, cells: Map<string, object> }>} a cell for each
 *   `driver variant` that answered: `{ medians, samples }`, or `{ error }`
 */
export async function runTrial(trial, drivers, { quick, rounds: wanted, progress }) {
  const variants = trial.variants(quick);
  const rounds = Math.min(wanted, trial.rounds ?? wanted);
  const cells = new Map();
  const unable = new Set();
  for (let round = 0; round < rounds; round++) {
    for (const variant of variants) {
      for (const driver of rotated(drivers, round)) {
        const key = `${driver.name} ${variant.id}`;
        const cell = cells.get(key) ?? { samples: [] };
        if (unable.has(driver.name) || cell.error) continue;
        progress(`${trial.id} · ${variant.id} · round ${round + 1} of ${rounds} · ${driver.name}`);
        try {
          const sample = await measure(driver, trial, variant.spec);
          if (sample === null) {
            unable.add(driver.name);
            continue;
          }
          cell.samples.push(sample);
        } catch (error) {
          cell.error = error.message;
        }
        cells.set(key, cell);
      }
    }
  }
  for (const cell of cells.values()) {
    if (!cell.error) cell.medians = medians(cell.samples);
  }
  return { trial, variants, rounds, cells };
}

/** @returns {number | undefined} the median of one metric */
export function figure(results, trialId, driverName, variantId, key) {
  const result = results.find(({ trial }) => trial.id === trialId);
  return result?.cells.get(`${driverName} ${variantId}`)?.medians?.[key];
}
