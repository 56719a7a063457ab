import type { StreamLog } from '../log/stream-log.js';
import type { ExitInfo, RunResult } from '../shared/facts.js';
import { decodeChunks, joinChunks } from '../subprocess/collect.js';
import type { Host } from '../subprocess/executing.js';
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
  overflowed: StreamLog | undefined;
  readonly #stdout: Collector | undefined;
  readonly #stderr: Collector | undefined;
  #resolve!: () => void;

  constructor(host: Host, file: string, args: readonly string[], spawnPlan: SpawnPlan, plan: RunPlan) {
    this.file = file;
    this.args = args;
    this.plan = plan;
    this.supervisor = start(host, spawnPlan, false);
    const { log } = this.supervisor;
    if (log.stdout !== null) this.supervisor.stdoutSink = this.#stdout = new Collector(this, log.stdout);
    if (log.stderr !== null) this.supervisor.stderrSink = this.#stderr = new Collector(this, log.stderr);
    this.supervisor.beforeEnd(this);
  }

  ended(): void {
    this.#resolve();
  }

  /** More has come than `maxBytes` allows. */
  overflow(stream: StreamLog): void {
    stream.refuse({ offset: stream.end, entry: 0 });
    this.overflowed ??= stream;
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
