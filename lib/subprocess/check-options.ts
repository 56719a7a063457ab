import { InvalidArgumentError } from '../errors.js';

export function unknownOption(name: string, value: unknown, known: readonly string[]): InvalidArgumentError {
  return new InvalidArgumentError(name, `left out: the options are ${known.join(', ')}`, value);
}

/** For calls with few options; throws InvalidArgumentError for anything but an object with no other keys than these. */
export function checkOptions(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidArgumentError('options', 'an object', options);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw unknownOption(name, (options as Record<string, unknown>)[name], known);
  }
}

export function checkAbortSignal(value: unknown): AbortSignal {
  const signal = value as AbortSignal | null | undefined;
  if (typeof signal?.aborted !== 'boolean' || typeof signal.addEventListener !== 'function') {
    throw new InvalidArgumentError('signal', 'an AbortSignal', value);
  }
  return signal;
}
