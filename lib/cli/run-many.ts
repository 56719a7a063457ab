import type { LocalExecutor, SpawnOptions, Subprocess } from '../index.js';
import type { CommandLine } from './commands-file.js';
import { failureOf, failureText } from './exit-code.js';
import { jsonError, jsonLine } from './json-line.js';
import { Progress } from './progress.js';
import type { OwnOutputs } from './run-one.js';
import { Spool } from './spool.js';

interface Failure extends CommandLine {
  readonly why: string;
}

/** Runs commands in parallel, prints the output of each when it has ended, whole, and tells at the end which failed. */
export class ParallelRun {
  readonly #executor: LocalExecutor;
  readonly #options: SpawnOptions;
  readonly #json: boolean;
  readonly #outputs: OwnOutputs;
  readonly #progress = new Progress(process.stderr);
  #total = 0;
  #done = 0;
  readonly #failures: Failure[] = [];
  readonly #children = new Set<Subprocess>();
  /** Commands print one after the other. */
  #printing: Promise<void> = Promise.resolve();
  #interrupted: NodeJS.Signals | undefined;

  /** `executor` has the limit. */
  constructor(executor: LocalExecutor, options: SpawnOptions, json: boolean, outputs: OwnOutputs) {
    this.#executor = executor;
    this.#options = options;
    this.#json = json;
    this.#outputs = outputs;
  }

  /** @returns our exit code */
  async run(commands: readonly CommandLine[]): Promise<number> {
    const startedAt = performance.now();
    this.#total = commands.length;
    const interrupt = (signal: NodeJS.Signals) => this.#interrupt(signal);
    process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', interrupt);
    try {
      await Promise.all(commands.map((command) => this.#one(command)));
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt).off('SIGHUP', interrupt);
      this.#progress.clear();
    }
    await this.#summarize((performance.now() - startedAt) / 1000);
    return this.#failures.length === 0 ? 0 : 1;
  }

  async #one(command: CommandLine): Promise<void> {
    const spool = new Spool();
    const child = this.#executor.spawn(command.command, { ...this.#options, shell: true });
    this.#children.add(child);
    child.started.then(
      () => this.#show(),
      () => {},
    );
    const why = await this.#follow(child, command, spool);
    this.#children.delete(child);
    this.#done += 1;
    if (why !== undefined) this.#failures.push({ ...command, why });
    this.#show();
    this.#printing = this.#printing.then(() => this.#print(spool));
    await this.#printing;
  }

  /** @returns why it failed; undefined where it succeeded */
  async #follow(child: Subprocess, { line }: CommandLine, spool: Spool): Promise<string | undefined> {
    try {
      for await (const event of child.events({ lossless: true })) {
        if (this.#json) await spool.add('stdout', Buffer.from(jsonLine(event, { line })));
        else if ('data' in event) await spool.add(event.type, event.data);
      }
      return failureOf(await child.wait(), this.#options.timeoutMs);
    } catch (error) {
      await child.terminate().catch(() => {});
      if (this.#json) await spool.add('stdout', Buffer.from(jsonError(error, { line })));
      return this.#interrupted === undefined ? failureText(error) : `not run: ${this.#interrupted}`;
    }
  }

  async #print(spool: Spool): Promise<void> {
    this.#progress.clear();
    await spool.play((stream, data) => this.#outputs[stream].write(data));
    this.#show();
  }

  #show(): void {
    const running = this.#executor.stats().live;
    this.#progress.show({ total: this.#total, done: this.#done, running, failed: this.#failures.length });
  }

  /** What runs is ended, what waits is not started. */
  #interrupt(signal: NodeJS.Signals): void {
    this.#interrupted = signal;
    for (const child of this.#children) void child.terminate().catch(() => {});
  }

  async #summarize(seconds: number): Promise<void> {
    const total = this.#total;
    const failed = this.#failures.length;
    const { stderr } = this.#outputs;
    for (const { line, command, why } of this.#failures.toSorted((a, b) => a.line - b.line)) {
      await stderr.write(`✗ line ${line}: ${why}: ${command}\n`);
    }
    const commands = total === 1 ? '1 command' : `${total} commands`;
    await stderr.write(`${commands}: ${total - failed} succeeded, ${failed} failed, in ${seconds.toFixed(1)} s\n`);
  }
}
