import type { ExecutionCallbacks } from '../engine/execution.js';
import { type ExecutionRequest, snapshotRequest } from '../engine/request.js';
import type { Engine } from '../engine.js';
import { ClosedError } from '../errors.js';
import type { NativeStats } from '../native/contract.js';
import { pipelineIn, type StartPipeline } from '../pipeline/start-pipeline.js';
import type { RunOptions } from '../run/options.js';
import { type Run, runIn } from '../run/run.js';
import { checkOptions } from '../subprocess/check-options.js';
import type { Executing, Host } from '../subprocess/executing.js';
import { checkId, type SpawnOptions } from '../subprocess/options.js';
import { type Spawn, spawnIn } from '../subprocess/spawn.js';
import { Subprocess } from '../subprocess/subprocess.js';
import type { Supervisor } from '../subprocess/supervisor.js';
import type { AttachOptions, ExecutionSummary, Executor } from './executor.js';
import type { ExecutorPlan } from './options.js';
import { Registry } from './registry.js';
import { StartQueue } from './start-queue.js';
import { summarize } from './summary.js';

/** Figures of an executor, now. */
export interface ExecutorStats {
  /** Executions that wait for their turn. */
  queued: number;
  /** Executions that are being started or have not settled. */
  live: number;
  /** Executions whose log is kept after their end. */
  retained: number;
  /** Memory that those logs keep from being freed, in bytes, roughly. */
  retainedBytes: number;
  /** Executions that are known by their id and exit alone. */
  tombstones: number;
  /** Executions that were asked for, ever. */
  total: number;
  /** Those of them that ended in Exit. */
  exited: number;
  /** Those of them that could not be started. */
  failed: number;
  /** Of the native engine, which all executors of the process share; undefined before the first start. */
  engine: NativeStats | undefined;
}

/** Runs commands on this machine. */
export class LocalExecutor implements Executor {
  readonly spawn: Spawn;
  readonly run: Run;
  readonly pipeline: StartPipeline;
  readonly #host: LocalHost;

  /** @internal Use `local` or `createExecutor`. */
  constructor(engine: Engine, plan: ExecutorPlan) {
    const host = new LocalHost(engine, plan);
    this.#host = host;
    this.spawn = function spawn(file: string, second?: readonly string[] | SpawnOptions, third?: SpawnOptions) {
      return spawnIn(host, file, second, third);
    };
    this.run = function run(file: string, second?: readonly string[] | RunOptions, third?: RunOptions) {
      return runIn(host, file, second, third);
    } as Run;
    this.pipeline = function pipeline(stages) {
      return pipelineIn(host, stages);
    };
  }

  async attach(id: string, options: AttachOptions = {}): Promise<Subprocess> {
    checkId(id);
    checkOptions(options, ['afterSeq']);
    const { afterSeq = 0 } = options;
    this.#host.assertOpen();
    return new Subprocess(this.#host.registry.get(id), 'attach', afterSeq);
  }

  async list(): Promise<ExecutionSummary[]> {
    this.#host.assertOpen();
    return Array.from(this.#host.registry.all(), summarize);
  }

  /** Throws ClosedError. */
  stats(): ExecutorStats {
    return this.#host.stats();
  }

  close(): Promise<void> {
    return this.#host.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

class LocalHost implements Host {
  readonly retainBytes: number;
  readonly retainMs: number;
  readonly registry: Registry;
  readonly #engine: Engine;
  readonly #queue: StartQueue | undefined;
  #total = 0;
  #exited = 0;
  #failed = 0;
  #closing: Promise<void> | undefined;

  constructor(engine: Engine, plan: ExecutorPlan) {
    this.retainBytes = plan.retainBytes;
    this.retainMs = plan.retainMs;
    this.registry = new Registry(plan);
    this.#engine = engine;
    if (plan.maxLive !== Number.POSITIVE_INFINITY) this.#queue = new StartQueue(engine, plan.maxLive);
  }

  check(id: string | undefined): void {
    this.assertOpen();
    if (id !== undefined) this.registry.check(id);
  }

  execute(request: ExecutionRequest, callbacks: ExecutionCallbacks): Executing {
    if (this.#queue === undefined) return this.#engine.execute(request, callbacks);
    return this.#queue.add(snapshotRequest(request), callbacks);
  }

  executeAtOnce(request: ExecutionRequest, callbacks: ExecutionCallbacks): Executing {
    return this.#engine.execute(request, callbacks);
  }

  pipe(): [number, number] {
    return this.#engine.pipe();
  }

  add(supervisor: Supervisor): void {
    this.#total += 1;
    this.registry.add(supervisor);
  }

  settled(supervisor: Supervisor): void {
    if (supervisor.execution.startError === undefined) this.#exited += 1;
    else this.#failed += 1;
    this.registry.settle(supervisor);
  }

  evict(supervisor: Supervisor): void {
    supervisor.plan.retainMs = 0;
    this.registry.evict(supervisor);
  }

  stats(): ExecutorStats {
    this.assertOpen();
    const { live, retained, retainedBytes, tombstones } = this.registry;
    const queued = this.#queue?.waiting ?? 0;
    return {
      queued,
      live: live - queued,
      retained,
      retainedBytes,
      tombstones,
      total: this.#total,
      exited: this.#exited,
      failed: this.#failed,
      engine: this.#total === 0 ? undefined : this.#engine.stats(),
    };
  }

  assertOpen(): void {
    if (this.#closing !== undefined) throw new ClosedError('The executor has been closed');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = this.#engine.close();
    this.registry.close();
    this.#queue?.close();
    await closed;
  }
}
