import { AbortError, type LastbyteError } from '../errors.js';
import { type AbortTarget, unwatchAbort, watchAbort } from '../shared/abort.js';
import type { ExitInfo } from '../shared/facts.js';
import type { Supervisor } from './supervisor.js';

type Answer = (error: LastbyteError | null) => void;

/** One open `wait` of the engine, and who is to get its answer; nobody where that one was aborted. */
interface Waiter {
  answer: Answer | undefined;
}

/** The `wait` calls of one handle. */
export class Waits {
  readonly #supervisor: Supervisor;
  /** Waiters whose `wait` was aborted. They are used again: who polls with short signals must not pile them up. */
  readonly #spare: Waiter[] = [];
  readonly #open = new Set<Waiter>();

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  wait(signal: AbortSignal | undefined): Promise<ExitInfo> {
    this.#supervisor.drain();
    if (signal === undefined) return new Promise((resolve, reject) => this.#register(this.#answer(resolve, reject)));
    if (signal.aborted) return Promise.reject(this.#aborted(signal));
    return new Promise((resolve, reject) => {
      const answer = this.#answer(resolve, reject);
      const target: AbortTarget = {
        aborted: () => {
          waiter.answer = undefined;
          this.#spare.push(waiter);
          reject(this.#aborted(signal));
        },
      };
      const waiter = this.#register((error) => {
        unwatchAbort(signal, target);
        answer(error);
      });
      watchAbort(signal, target);
    });
  }

  /** Answers all that are open with an error, now. */
  reject(error: LastbyteError): void {
    for (const waiter of this.#open) {
      const { answer } = waiter;
      waiter.answer = undefined;
      answer?.(error);
    }
    this.#open.clear();
  }

  #register(answer: Answer): Waiter {
    const spare = this.#spare.pop();
    if (spare !== undefined) {
      spare.answer = answer;
      return spare;
    }
    const waiter: Waiter = { answer };
    this.#open.add(waiter);
    this.#supervisor.execution.wait((error) => {
      // From the first answer on, none of them is good for another wait.
      this.#spare.length = 0;
      this.#open.delete(waiter);
      const { answer } = waiter;
      waiter.answer = undefined;
      answer?.(error);
    });
    return waiter;
  }

  #answer(resolve: (info: ExitInfo) => void, reject: (error: LastbyteError) => void): Answer {
    return (error) => {
      const supervisor = this.#supervisor;
      const facts = supervisor.execution.info === undefined ? undefined : supervisor.facts();
      if (error !== null) {
        Object.assign(error, { id: supervisor.id });
        reject(error);
      } else {
        resolve(facts as ExitInfo);
      }
    };
  }

  #aborted(signal: AbortSignal): AbortError {
    const { id } = this.#supervisor;
    return new AbortError(`The wait for execution ${id} was aborted`, signal.reason, { id });
  }
}
