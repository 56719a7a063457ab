import type { ByteStream, Executor, SpawnOptions, Subprocess } from '../index.js';
import { exitCode } from './exit-code.js';
import { jsonError, jsonLine } from './json-line.js';
import type { OutputSink } from './sink.js';

export interface OwnOutputs {
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
}

/** Runs one command with our stdin and prints what it prints. @returns our exit code; rejects with what kept it from running */
export async function runOne(
  executor: Executor,
  command: readonly string[],
  options: SpawnOptions,
  json: boolean,
  outputs: OwnOutputs,
): Promise<number> {
  const [file = '', ...args] = command;
  // A terminal reads for its foreground group only; elsewhere a group of its own is ended as a whole.
  const group = !process.stdin.isTTY;
  const child = executor.spawn(file, args, { ...options, stdin: 'inherit', group });
  const stop = passSignalsOn(child, group);
  try {
    if (json) await printEvents(child, outputs.stdout);
    else await Promise.all([print(child.stdout, outputs.stdout), print(child.stderr, outputs.stderr)]);
    return exitCode(await child.wait());
  } finally {
    stop();
  }
}

async function print(stream: ByteStream | null, sink: OutputSink): Promise<void> {
  for await (const chunk of stream as ByteStream) {
    await sink.write(chunk);
    // Leaving closes the pipe: the command is told as it would be without us in between.
    if (sink.broken) break;
  }
}

async function printEvents(child: Subprocess, sink: OutputSink): Promise<void> {
  try {
    for await (const event of child.events({ lossless: true })) {
      await sink.write(jsonLine(event));
      if (sink.broken) return void (await child.terminate());
    }
  } catch (error) {
    await sink.write(jsonError(error));
    throw error;
  }
}

/** The command decides what a signal to us means; then we end as it did. */
function passSignalsOn(child: Subprocess, group: boolean): () => void {
  // The terminal sends SIGINT to its whole foreground group: the command has got it already where it has no own one.
  const interrupt = () => void (group && child.kill('SIGINT'));
  const terminate = () => void child.kill('SIGTERM');
  const hangUp = () => void child.kill('SIGHUP');
  process.on('SIGINT', interrupt).on('SIGTERM', terminate).on('SIGHUP', hangUp);
  return () => void process.off('SIGINT', interrupt).off('SIGTERM', terminate).off('SIGHUP', hangUp);
}
