/** LASTBYTE_SEED repeats a run whose seed a test's name has told. */
export const seed = Number(process.env.LASTBYTE_SEED ?? Math.floor(Math.random() * 2 ** 32));

/** Numbers from 0 to, without, 1 that depend on the seed alone (mulberry32). */
export function randomNumbers(from = seed): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
