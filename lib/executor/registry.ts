import { ClosedError, EvictedError, IdInUseError, type LastbyteError, UnknownExecutionError } from '../errors.js';
import { type Deadline, deadlines } from '../shared/deadlines.js';
import type { ExitInfo } from '../shared/facts.js';
import { Fifo } from '../shared/fifo.js';
import { executionNumber } from '../subprocess/execution-id.js';
import type { Supervisor } from '../subprocess/supervisor.js';

/** What is kept, and for how long. */
export interface RetentionLimits {
  retainMs: number;
  maxRetained: number;
  maxRetainedBytes: number;
  maxTombstones: number;
}

/** What is left of an execution when its log has gone. */
class Tombstone {
  readonly number: number;
  /** As it was chosen; undefined where it was made from the number. */
  readonly id: string | undefined;
  readonly info: ExitInfo | undefined;
  readonly cause: LastbyteError | undefined;

  constructor({ number, plan, execution }: Supervisor) {
    this.number = number;
    this.id = plan.id;
    this.info = execution.info;
    this.cause = execution.startError;
  }

  error(id: string): EvictedError {
    const fields = this.cause === undefined ? { id, info: this.info } : { id, cause: this.cause };
    return new EvictedError(`The output of execution ${id} is no longer kept`, fields);
  }
}

/** So many that were evicted out of turn are worth a look at all. */
const CLEAN_AT = 256;

/**
 * The executions that an executor knows: live, then retained, then tombstones, then forgotten. By number, so that an
 * execution that nobody attaches to never needs a name.
 */
export class Registry {
  live = 0;
  retained = 0;
  retainedBytes = 0;
  readonly #limits: RetentionLimits;
  readonly #known = new Map<number, Supervisor | Tombstone>();
  /** Names that were chosen, of all of these. */
  readonly #names = new Map<string, number>();
  /** In the order of their ends; among them some that were evicted out of turn, never the first. */
  readonly #ended = new Fifo<Supervisor>();
  /** Those of them that are kept as long as the executor says: the first is due first. */
  readonly #expiring = new Fifo<Supervisor>();
  readonly #tombstones = new Fifo<Tombstone>();
  /** Of the first of those, or of one that was the first. */
  #expiry: Deadline | undefined;
  #closed = false;

  constructor(limits: RetentionLimits) {
    this.#limits = limits;
  }

  get tombstones(): number {
    return this.#tombstones.size;
  }

  /** Live and retained ones, in the order of their starts. */
  all(): Supervisor[] {
    return [...this.#known.values()].filter((known): known is Supervisor => !(known instanceof Tombstone));
  }

  /** Throws IdInUseError. */
  check(id: string): void {
    if (this.#names.has(id) || this.#known.has(executionNumber(id) ?? 0)) throw new IdInUseError(id);
  }

  add(supervisor: Supervisor): void {
    const { number, plan } = supervisor;
    this.live += 1;
    this.#known.set(number, supervisor);
    if (plan.id !== undefined) this.#names.set(plan.id, number);
  }

  /** Throws UnknownExecutionError, and EvictedError where only a tombstone is left. */
  get(id: string): Supervisor {
    const named = this.#names.get(id);
    const known = this.#known.get(named ?? executionNumber(id) ?? 0);
    if (known === undefined) throw new UnknownExecutionError(id);
    // Where a name was chosen, the number is none.
    if (known instanceof Tombstone) {
      if (known.id !== undefined && known.id !== id) throw new UnknownExecutionError(id);
      throw known.error(id);
    }
    if (known.id !== id) throw new UnknownExecutionError(id);
    return known;
  }

  /** It has settled: its time runs from now on. */
  settle(supervisor: Supervisor): void {
    if (this.#closed || supervisor.retention !== undefined) return;
    this.live -= 1;
    this.retained += 1;
    const { retainMs, maxRetained, maxRetainedBytes } = this.#limits;
    const { cost } = supervisor.log;
    const own = supervisor.plan.retainMs ?? retainMs;
    const until = performance.now() + own;
    const deadline = own === retainMs ? undefined : deadlines.add(own, () => this.evict(supervisor));
    supervisor.retention = { cost, until, deadline, evicted: false };
    this.retainedBytes += cost;
    this.#ended.push(supervisor);
    if (deadline === undefined) this.#expiring.push(supervisor);
    if (own === 0) this.evict(supervisor);
    while (this.retained > maxRetained || this.retainedBytes > maxRetainedBytes) this.#evictOldest();
    this.#expiry ??= this.#nextExpiry();
  }

  /** Lets the log of one that is retained go. */
  evict(supervisor: Supervisor): void {
    const { retention, number } = supervisor;
    if (retention === undefined || retention.evicted) return;
    retention.evicted = true;
    if (retention.deadline !== undefined) deadlines.delete(retention.deadline);
    this.retained -= 1;
    this.retainedBytes -= retention.cost;
    const tombstone = new Tombstone(supervisor);
    this.#known.set(number, tombstone);
    this.#tombstones.push(tombstone);
    supervisor.evict(() => tombstone.error(supervisor.id));
    if (this.#tombstones.size > this.#limits.maxTombstones) this.#forgetOldest();
    this.#skipEvicted(this.#ended);
    this.#skipEvicted(this.#expiring);
  }

  /** Forgets everything; all readers get ClosedError. */
  close(): void {
    this.#closed = true;
    for (const supervisor of this.all()) {
      const { retention } = supervisor;
      if (retention?.deadline !== undefined) deadlines.delete(retention.deadline);
      supervisor.close(() => new ClosedError('The executor was closed', { id: supervisor.id }));
    }
    if (this.#expiry !== undefined) deadlines.delete(this.#expiry);
    this.#known.clear();
    this.#names.clear();
    this.#ended.clear();
    this.#expiring.clear();
    this.#tombstones.clear();
  }

  #evictOldest(): void {
    const oldest = this.#ended.first;
    if (oldest !== undefined) this.evict(oldest);
  }

  /** So that the first is one that is still retained, and one that is kept for long doesn't keep all that ended after it. */
  #skipEvicted(queue: Fifo<Supervisor>): void {
    while (queue.first?.retention?.evicted) queue.shift();
    if (queue.size > 2 * this.retained + CLEAN_AT) queue.keep(({ retention }) => retention?.evicted !== true);
  }

  #forgetOldest(): void {
    const { number, id } = this.#tombstones.shift() as Tombstone;
    this.#known.delete(number);
    if (id !== undefined) this.#names.delete(id);
  }

  /** One deadline for all that are kept equally long. */
  #nextExpiry(): Deadline | undefined {
    const first = this.#expiring.first?.retention;
    if (first === undefined) return undefined;
    return deadlines.add(Math.max(0, first.until - performance.now()), () => this.#expire());
  }

  #expire(): void {
    const now = performance.now();
    for (;;) {
      const { first } = this.#expiring;
      if (first?.retention === undefined || first.retention.until > now) break;
      this.evict(first);
    }
    this.#expiry = this.#nextExpiry();
  }
}
