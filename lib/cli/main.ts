import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createExecutor, local } from '../index.js';
import { parseRun, type RunCommand } from './arguments.js';
import { readCommands } from './commands-file.js';
import { failureCode, failureText } from './exit-code.js';
import { ParallelRun } from './run-many.js';
import { type OwnOutputs, runOne } from './run-one.js';
import { OutputSink } from './sink.js';
import { USAGE, UsageError } from './usage.js';

/** The command `lastbyte`. @returns its exit code */
export async function main(words: readonly string[]): Promise<number> {
  const outputs: OwnOutputs = { stdout: new OutputSink(process.stdout), stderr: new OutputSink(process.stderr) };
  try {
    return await dispatch(words, outputs);
  } catch (error) {
    const hint = error instanceof UsageError ? `${error.message}\nTry 'lastbyte --help'.` : failureText(error);
    await outputs.stderr.write(`lastbyte: ${hint}\n`);
    return failureCode(error);
  }
}

async function dispatch([name, ...words]: readonly string[], outputs: OwnOutputs): Promise<number> {
  if (name === 'run') {
    const [first] = words;
    if (first !== '--help' && first !== '-h') return run(parseRun(words), outputs);
  } else if (name === '--version' || name === '-v') {
    await outputs.stdout.write(`${version()}\n`);
    return 0;
  } else if (name !== '--help' && name !== '-h') {
    throw new UsageError(name === undefined ? 'a command is missing' : `there is no command '${name}'`);
  }
  await outputs.stdout.write(USAGE);
  return 0;
}

async function run({ json, options, command, file, parallel }: RunCommand, outputs: OwnOutputs): Promise<number> {
  if (command !== undefined) return runOne(local, command, options, json, outputs);
  const commands = await readCommands(file as string);
  // What is printed needs no log.
  const executor = createExecutor({ maxLive: parallel ?? availableParallelism(), retainBytes: 0, maxRetained: 0 });
  try {
    return await new ParallelRun(executor, options, json, outputs).run(commands);
  } finally {
    await executor.close();
  }
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}
