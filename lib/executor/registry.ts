import { ClosedError, EvictedError, IdInUseError, type LastbyteError, UnknownExecutionError } from '../errors.js';
import { type Deadline, deadlines } from '../shared/deadlines.js';
import type { ExitInfo } from '../shared/facts.js';
import { type Linked, LinkedList } from '../shared/linked-list.js';
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
class Tombstone implements Linked<Tombstone> {
  previous: Tombstone | undefined;
  next: Tombstone | undefined;
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

/**
 * The executions that an executor knows: live, then retained, then tombstones, then forgotten. Only names that were chosen
 * are looked up in a table: most executions are never asked for, and their numbers are found by going through the lists.
 */
export class Registry {
  retainedBytes = 0;
  readonly #limits: RetentionLimits;
  /** In the order of their starts. */
  readonly #live = new LinkedList<Supervisor>();
  /** In the order of their ends. */
  readonly #retained = new LinkedList<Supervisor>();
  /** In the order in which their logs went. */
  readonly #tombstones = new LinkedList<Tombstone>();
  /** Names that were chosen, of all of these. */
  readonly #names = new Map<string, Supervisor | Tombstone>();
  /** Of the first that is kept as long as the executor says, or of one that was the first. */
  #expiry: Deadline | undefined;
  #closed = false;

  constructor(limits: RetentionLimits) {
    this.#limits = limits;
  }

  get live(): number {
    return this.#live.size;
  }

  get retained(): number {
    return this.#retained.size;
  }

  get tombstones(): number {
    return this.#tombstones.size;
  }

  /** Live and retained ones, in the order of their starts. */
  all(): Supervisor[] {
    return [...this.#live, ...this.#retained].sort((a, b) => a.number - b.number);
  }

  /** Throws IdInUseError. */
  check(id: string): void {
    if (this.#find(id) !== undefined) throw new IdInUseError(id);
  }

  add(supervisor: Supervisor): void {
    const { id } = supervisor.plan;
    this.#live.push(supervisor);
    if (id !== undefined) this.#names.set(id, supervisor);
  }

  /** Throws UnknownExecutionError, and EvictedError where only a tombstone is left. */
  get(id: string): Supervisor {
    const found = this.#find(id);
    if (found === undefined) throw new UnknownExecutionError(id);
    if (found instanceof Tombstone) throw found.error(id);
    return found;
  }

  /** It has settled: its time runs from now on. */
  settle(supervisor: Supervisor): void {
    if (this.#closed || supervisor.retention !== undefined) return;
    this.#live.delete(supervisor);
    this.#retained.push(supervisor);
    const { retainMs, maxRetained, maxRetainedBytes } = this.#limits;
    const { cost } = supervisor.log;
    const own = supervisor.plan.retainMs ?? retainMs;
    const until = performance.now() + own;
    const deadline = own === retainMs ? undefined : deadlines.add(own, () => this.evict(supervisor));
    supervisor.retention = { cost, until, deadline, evicted: false };
    this.retainedBytes += cost;
    if (own === 0) this.evict(supervisor);
    while (this.#retained.size > maxRetained || this.retainedBytes > maxRetainedBytes) {
      this.evict(this.#retained.first as Supervisor);
    }
    this.#expiry ??= this.#nextExpiry();
  }

  /** Lets the log of one that is retained go. */
  evict(supervisor: Supervisor): void {
    const { retention, plan } = supervisor;
    if (this.#closed || retention === undefined || retention.evicted) return;
    retention.evicted = true;
    if (retention.deadline !== undefined) deadlines.delete(retention.deadline);
    this.retainedBytes -= retention.cost;
    this.#retained.delete(supervisor);
    const tombstone = new Tombstone(supervisor);
    this.#tombstones.push(tombstone);
    if (plan.id !== undefined) this.#names.set(plan.id, tombstone);
    supervisor.evict(() => tombstone.error(supervisor.id));
    if (this.#tombstones.size > this.#limits.maxTombstones) this.#forgetOldest();
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
    this.#live.clear();
    this.#retained.clear();
    this.#tombstones.clear();
    this.#names.clear();
  }

  #find(id: string): Supervisor | Tombstone | undefined {
    const named = this.#names.get(id);
    if (named !== undefined) return named;
    const number = executionNumber(id);
    if (number === undefined) return undefined;
    // Where a name was chosen, the number is none.
    for (const supervisor of this.#live) if (supervisor.number === number) return nameless(supervisor);
    for (const supervisor of this.#retained) if (supervisor.number === number) return nameless(supervisor);
    for (const tombstone of this.#tombstones) {
      if (tombstone.number === number) return tombstone.id === undefined ? tombstone : undefined;
    }
    return undefined;
  }

  #forgetOldest(): void {
    const oldest = this.#tombstones.first as Tombstone;
    this.#tombstones.delete(oldest);
    if (oldest.id !== undefined) this.#names.delete(oldest.id);
  }

  /** One deadline for all that are kept equally long: they are due in the order of their ends. */
  #nextExpiry(): Deadline | undefined {
    for (const { retention } of this.#retained) {
      if (retention === undefined || retention.deadline !== undefined) continue;
      return deadlines.add(Math.max(0, retention.until - performance.now()), () => this.#expire());
    }
    return undefined;
  }

  #expire(): void {
    const now = performance.now();
    for (const supervisor of this.#retained) {
      const { retention } = supervisor;
      if (retention === undefined || retention.deadline !== undefined) continue;
      if (retention.until > now) break;
      this.evict(supervisor);
    }
    this.#expiry = this.#nextExpiry();
  }
}

function nameless(supervisor: Supervisor): Supervisor | undefined {
  return supervisor.plan.id === undefined ? supervisor : undefined;
}
