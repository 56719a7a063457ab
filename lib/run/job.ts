import type { ExitInfo, RunResult } from '../shared/facts.js';
import { decodeChunks, joinChunks } from '../subprocess/collect.js';
import type { Output } from '../subprocess/output.js';
import type { SpawnPlan } from '../subprocess/plan.js';
import { start } from '../subprocess/start.js';
import type { EndTarget, Supervisor } from '../subprocess/supervisor.js';
import { Collector } from './collector.js';
import type { RunPlan } from './options.js';
import { notStarted, verdict } from './verdict.js';

/** One `run`: feeds the child, collects its output, and has the exit judged. */
export class Job implements EndTarget {
  readonly file: string;
  readonly args: readonly string[];
  readonly plan: RunPlan;
  readonly supervisor: Supervisor;
  /** The stream that passed `maxBytes` first. */
  overflowed: Output | undefined;
  readonly #stdout: Collector | undefined;
  readonly #stderr: Collector | undefined;
  #resolve!: () => void;

  constructor(file: string, args: readonly string[], spawnPlan: SpawnPlan, plan: RunPlan) {
    this.file = file;
    this.args = args;
    this.plan = plan;
    this.supervisor = start(spawnPlan, false);
    const { execution, stdout, stderr } = this.supervisor;
    if (stdout !== null) this.#stdout = new Collector(this, stdout);
    if (stderr !== null) this.#stderr = new Collector(this, stderr);
    if (spawnPlan.input !== undefined) {
      if (spawnPlan.input.length > 0) execution.write(spawnPlan.input);
      execution.end();
    }
    this.supervisor.beforeEnd(this);
  }

  ended(): void {
    this.#resolve();
  }

  /** More has come than `maxBytes` allows. */
  overflow(output: Output): void {
    this.overflowed ??= output;
    const { killSignal, killAfterMs } = this.supervisor.plan.request;
    this.supervisor.execution.terminate('killed', killSignal, killAfterMs);
  }

  /** Async, so that an error's stack shows who called `run`. To be called once, at the beginning. */
  async result(): Promise<RunResult<string | Buffer>> {
    await new Promise<void>((resolve) => {
      this.#resolve = resolve;
    });
    if (this.supervisor.execution.startError !== undefined) throw notStarted(this);
    const result = this.#finish(this.supervisor.facts());
    const error = verdict(this, result);
    if (error !== undefined) throw error;
    return result;
  }

  #finish(info: ExitInfo): RunResult<string | Buffer> {
    const finish = this.plan.encoding === 'utf8' ? decodeChunks : joinChunks;
    return {
      pid: info.pid,
      code: info.code,
      signal: info.signal,
      reason: info.reason,
      outputComplete: info.outputComplete,
      dropped: info.dropped,
      durationMs: info.durationMs,
      usage: info.usage,
      stdout: finish(this.#stdout?.chunks ?? []),
      stderr: finish(this.#stderr?.chunks ?? []),
      file: this.file,
      args: this.args,
    };
  }
}
