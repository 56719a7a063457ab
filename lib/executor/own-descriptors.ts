import { closeSync } from 'node:fs';
import type { ExecutionRequest } from '../engine/request.js';
import type { Engine } from '../engine.js';

/** The largest number that is a descriptor's, and never one of this process: EBADF, as it was at the call. */
const NONE = 2 ** 31 - 1;

/**
 * Descriptors that an execution has been given and that wait with it: duplicates, since the caller may close his own as soon
 * as the call has returned, and the number may then be another file's.
 */
export class OwnDescriptors {
  readonly #descriptors: number[] = [];

  /** Puts duplicates into the request. */
  constructor(engine: Engine, request: ExecutionRequest) {
    for (const name of ['stdin', 'stdout', 'stderr'] as const) {
      const given = request[name];
      if (typeof given !== 'number') continue;
      const duplicate = engine.duplicate(given);
      if (duplicate >= 0) this.#descriptors.push(duplicate);
      request[name] = duplicate >= 0 ? duplicate : NONE;
    }
  }

  close(): void {
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor);
  }
}
