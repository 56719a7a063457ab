import { constants } from 'node:os';
import type { Signal } from '../shared/facts.js';

export type { Signal };

const numbers = new Map<string, number>(Object.entries(constants.signals));
const names = new Map<number, Signal>();
for (const [name, number] of numbers) {
  // SIGABRT and SIGIOT, SIGIO and SIGPOLL share a number: the first name is the common one.
  if (!names.has(number)) names.set(number, name as Signal);
}

/** The signal's number on this system, or undefined where there is no such signal. */
export function signalNumber(name: string): number | undefined {
  return numbers.get(name);
}

/** The name of a signal; real-time signals, which have none in Node, are given as `SIGRTMIN+n`. */
export function signalName(number: number): Signal {
  return names.get(number) ?? (`SIGRTMIN+${number - 34}` as Signal);
}
