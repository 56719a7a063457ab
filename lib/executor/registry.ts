import { ClosedError, EvictedError, IdInUseError, type LastbyteError, UnknownExecutionError } from '../errors.js';
import { type Deadline, deadlines } from '../shared/deadlines.js';
import type { ExitInfo } from '../shared/facts.js';
import { executionNumber } from '../subprocess/execution-id.js';
import type { Supervisor } from '../subprocess/supervisor.js';

/** What is kept, and for how long. */
export interface RetentionLimits {
  retainMs: number;
  maxRetained: number;
  maxRetainedBytes: number;
  maxTombstones: number;
}

interface Retained {
  readonly supervisor: Supervisor;
  readonly deadline: Deadline;
  readonly cost: number;
}

/** What is left of an execution when its log has gone. */
interface Tombstone {
  /** As it was chosen; undefined where it was made from the number. */
  readonly id: string | undefined;
  readonly info: ExitInfo | undefined;
  readonly cause: LastbyteError | undefined;
}

/**
 * The executions that an executor knows: live, then retained, then tombstones, then forgotten. By number, so that an
 * execution that nobody attaches to never needs a name.
 */
export class Registry {
  retainedBytes = 0;
  readonly #limits: RetentionLimits;
  readonly #known = new Map<number, Supervisor>();
  /** In the order of their ends. */
  readonly #retained = new Map<number, Retained>();
  readonly #tombstones = new Map<number, Tombstone>();
  /** Names that were chosen, of all of these. */
  readonly #names = new Map<string, number>();

  constructor(limits: RetentionLimits) {
    this.#limits = limits;
  }

  get live(): number {
    return this.#known.size - this.#retained.size;
  }

  get retained(): number {
    return this.#retained.size;
  }

  get tombstones(): number {
    return this.#tombstones.size;
  }

  /** In the order of their starts. */
  all(): Iterable<Supervisor> {
    return this.#known.values();
  }

  /** Throws IdInUseError. */
  check(id: string): void {
    if (this.#names.has(id)) throw new IdInUseError(id);
    const number = executionNumber(id);
    if (number !== undefined && (this.#known.has(number) || this.#tombstones.has(number))) throw new IdInUseError(id);
  }

  add(supervisor: Supervisor): void {
    const { number, plan } = supervisor;
    this.#known.set(number, supervisor);
    if (plan.id !== undefined) this.#names.set(plan.id, number);
  }

  /** Throws UnknownExecutionError, and EvictedError where only a tombstone is left. */
  get(id: string): Supervisor {
    const number = this.#names.get(id) ?? executionNumber(id);
    const supervisor = number === undefined ? undefined : this.#known.get(number);
    // A number is not a name where another one was chosen.
    if (supervisor !== undefined && supervisor.id === id) return supervisor;
    const tombstone = number === undefined ? undefined : this.#tombstones.get(number);
    if (tombstone === undefined || (tombstone.id ?? id) !== id) throw new UnknownExecutionError(id);
    throw evicted(id, tombstone);
  }

  /** It has settled: its time runs from now on. */
  retain(supervisor: Supervisor): void {
    const { number, plan, log } = supervisor;
    if (!this.#known.has(number) || this.#retained.has(number)) return;
    const { retainMs, maxRetained, maxRetainedBytes } = this.#limits;
    const { cost } = log;
    this.retainedBytes += cost;
    const deadline = deadlines.add(plan.retainMs ?? retainMs, () => this.evict(supervisor));
    this.#retained.set(number, { supervisor, deadline, cost });
    if (plan.retainMs === 0) this.evict(supervisor);
    while (this.#retained.size > maxRetained || this.retainedBytes > maxRetainedBytes) {
      const [oldest] = this.#retained.values();
      if (oldest === undefined) return;
      this.evict(oldest.supervisor);
    }
  }

  /** Lets the log of one that is retained go. */
  evict(supervisor: Supervisor): void {
    const { number, plan, execution } = supervisor;
    if (!this.#drop(number)) return;
    const tombstone: Tombstone = { id: plan.id, info: execution.info, cause: execution.startError };
    supervisor.evict(() => evicted(supervisor.id, tombstone));
    this.#tombstones.set(number, tombstone);
    if (this.#tombstones.size > this.#limits.maxTombstones) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [number, { id }] of this.#tombstones) {
      this.#tombstones.delete(number);
      if (id !== undefined) this.#names.delete(id);
      return;
    }
  }

  /** Forgets everything; all readers get ClosedError. */
  close(): void {
    for (const [number, supervisor] of this.#known) {
      this.#drop(number);
      supervisor.close(() => new ClosedError('The executor was closed', { id: supervisor.id }));
    }
    this.#known.clear();
    this.#tombstones.clear();
    this.#names.clear();
  }

  #drop(number: number): boolean {
    const retained = this.#retained.get(number);
    if (retained === undefined) return false;
    deadlines.delete(retained.deadline);
    this.retainedBytes -= retained.cost;
    this.#retained.delete(number);
    this.#known.delete(number);
    return true;
  }
}

function evicted(id: string, { info, cause }: Tombstone): EvictedError {
  const what = `The output of execution ${id} is no longer kept`;
  return new EvictedError(what, cause === undefined ? { id, info } : { id, info, cause });
}
