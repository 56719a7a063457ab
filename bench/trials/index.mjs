/**
 * A trial is one question. Where it has `needs`, `measure` runs in the driver's runtime, with its operations; where it has
 * `probe`, the orchestrator asks.
 *
 * @typedef {object} Trial
 * @property {string} id
 * @property {string} title
 * @property {string} note how it is measured
 * @property {Metric[]} metrics
 * @property {(quick: boolean) => Variant[]} variants
 * @property {number} [rounds] at most
 * @property {'collect' | 'drain' | 'hold' | 'chain'} [needs]
 * @property {(ops: object, spec: object) => Promise<Record<string, number>>} [measure]
 * @property {(driver: object, spec: object) => Promise<Record<string, number> | null>} [probe]
 *
 * @typedef {{ id: string, title: string, spec: object }} Variant
 *
 * @typedef {object} Metric
 * @property {string} key
 * @property {string} title
 * @property {number} [digits]
 * @property {string[]} [baseDriver] the first that was measured: others are given as a multiple of it
 * @property {string} [baseVariant] the same driver's figure there: others are given as a multiple of it
 */

export const trialNames = ['processes', 'resident', 'loop-delay', 'stdout', 'chain', 'live', 'import', 'size'];

/** @returns {Promise<Trial>} */
export async function loadTrial(name) {
  if (!trialNames.includes(name)) throw new Error(`No trial ${name}; there are ${trialNames.join(', ')}`);
  return (await import(`./${name}.mjs`)).default;
}
