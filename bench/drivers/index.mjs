/**
 * A driver is one way to run child processes. Its file is loaded twice: by the orchestrator, which reads only what it is,
 * and in a process of its runtime, where `load` gives the operations that the trials use.
 *
 * @typedef {object} Driver
 * @property {string} name
 * @property {string} label
 * @property {'node' | 'node-newest' | 'bun' | 'deno' | 'native'} runtime
 * @property {URL} [module] what `import` loads, where that is a package
 * @property {() => Promise<Operations>} [load]
 * @property {(trial: string, spec: object) => string[] | undefined} [command] of a native driver: the whole measurement
 *
 * @typedef {object} Operations Every child: no stdin, a pipe each for stdout and stderr. What is missing can't be done.
 * @property {(file: string, args: string[]) => Promise<Ended>} collect all output, then the status
 * @property {(file: string, args: string[]) => Promise<Ended>} [drain] the same, the output counted chunk by chunk
 * @property {(file: string, args: string[]) => Promise<Held>} [hold] resolves when the child runs
 * @property {(stages: string[][]) => Promise<Ended>} [chain] each reads what the one before it writes; the last one's output is thrown away
 *
 * @typedef {{ code: number | null, bytes: number }} Ended `bytes` of stdout
 * @typedef {{ kill: () => void, exited: Promise<unknown> }} Held
 */

/** In the order of the tables. */
export const driverNames = [
  'bound',
  'lastbyte-engine',
  'lastbyte-spawn',
  'lastbyte-run',
  'child_process',
  'child_process-newest',
  'shell',
  'execa',
  'bun',
  'deno',
];

/** @returns {Promise<Driver>} */
export async function loadDriver(name) {
  if (!driverNames.includes(name)) throw new Error(`No driver ${name}; there are ${driverNames.join(', ')}`);
  return (await import(`./${name}.mjs`)).default;
}
