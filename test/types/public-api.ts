// Compiled by the `types` check, never run: what the public types say, and what they refuse.
import type { Readable } from 'node:stream';
import {
  AbortError,
  type ByteStream,
  createExecutor,
  type DrainPolicy,
  EvictedError,
  type ExecutionEvent,
  type ExecutionSummary,
  type Executor,
  type ExecutorOptions,
  type ExitInfo,
  LastbyteError,
  type LocalExecutor,
  local,
  MaxBytesError,
  type Pipeline,
  pipeline,
  type ReadResult,
  RunError,
  type RunOptions,
  type RunPromise,
  type RunResult,
  run,
  type Signal,
  type SpawnError,
  type SpawnOptions,
  type StageFailure,
  type StdinStream,
  type Subprocess,
  spawn,
} from 'lastbyte';
import { type Execution, engine, execute } from 'lastbyte/engine';
import { expectTypeOf } from 'vitest';

// run: the encoding decides what the output is.
expectTypeOf(run('a')).toEqualTypeOf<RunPromise<string>>();
expectTypeOf(run('a', ['b'])).toEqualTypeOf<RunPromise<string>>();
expectTypeOf(run('a', ['b'], {})).toEqualTypeOf<RunPromise<string>>();
expectTypeOf(run('a', { encoding: 'utf8' })).toEqualTypeOf<RunPromise<string>>();
expectTypeOf(run('a', { encoding: undefined })).toEqualTypeOf<RunPromise<string>>();
expectTypeOf(run('a', { encoding: 'buffer' })).toEqualTypeOf<RunPromise<Buffer>>();
expectTypeOf(run('a', ['b'], { encoding: 'buffer' })).toEqualTypeOf<RunPromise<Buffer>>();
expectTypeOf(run('a', undefined, { encoding: 'buffer' })).toEqualTypeOf<RunPromise<Buffer>>();
declare const either: RunOptions;
expectTypeOf(run('a', either)).toEqualTypeOf<RunPromise<string | Buffer>>();
expectTypeOf(run('a', ['b'], either)).toEqualTypeOf<RunPromise<string | Buffer>>();
expectTypeOf(await run('a')).toEqualTypeOf<RunResult>();
expectTypeOf(await run('a')).toExtend<ExitInfo>();
expectTypeOf((await run('a', { encoding: 'buffer' })).stderr).toEqualTypeOf<Buffer>();
expectTypeOf(run('a').subprocess).toEqualTypeOf<Subprocess>();
expectTypeOf<Parameters<typeof run>[1]>().not.toBeAny();
declare const args: readonly string[];
run('a', args);
run('a', args, { input: new Uint8Array(), maxBytes: 5, check: false, timeoutMs: 1, signal: AbortSignal.timeout(1) });

// @ts-expect-error no such encoding
run('a', { encoding: 'latin1' });
// @ts-expect-error no such option
run('a', { timeout: 5 });
// @ts-expect-error not a string
run('a', [1]);
// @ts-expect-error options come last
run('a', {}, []);
// @ts-expect-error run's own
spawn('a', { maxBytes: 5 });
// @ts-expect-error milliseconds are numbers
spawn('a', { timeoutMs: '5s' });
// @ts-expect-error no such signal
spawn('a', { killSignal: 'TERM' });
// @ts-expect-error one of the two
spawn('a', { drain: 'never' });
// @ts-expect-error a file is needed
spawn();

// spawn
const child = spawn('a', ['b'], { cwd: new URL('file:///'), env: { A: undefined, B: 'x' }, drain: { idleMs: 5 } });
expectTypeOf(child).toEqualTypeOf<Subprocess>();
expectTypeOf(spawn('a', { env: process.env })).toEqualTypeOf<Subprocess>();
expectTypeOf(child.id).toEqualTypeOf<string>();
expectTypeOf(child.pid).toEqualTypeOf<number | undefined>();
expectTypeOf(child.started).toEqualTypeOf<Promise<number>>();
expectTypeOf(child.stdin).toEqualTypeOf<StdinStream | null>();
expectTypeOf(child.stdout).toEqualTypeOf<ByteStream | null>();
expectTypeOf(child.stderr).toEqualTypeOf<ByteStream | null>();
expectTypeOf(child.wait()).toEqualTypeOf<Promise<ExitInfo>>();
expectTypeOf(child.wait({ signal: AbortSignal.timeout(1) })).toEqualTypeOf<Promise<ExitInfo>>();
expectTypeOf(child.terminate({ graceMs: 5 })).toEqualTypeOf<Promise<ExitInfo>>();
expectTypeOf(child.kill('SIGINT')).toEqualTypeOf<boolean>();
expectTypeOf(child.kill(0)).toEqualTypeOf<boolean>();
expectTypeOf(child.ref().unref()).toEqualTypeOf<Subprocess>();
expectTypeOf(child).toExtend<AsyncDisposable>();
// @ts-expect-error only spawn makes one
new (null as unknown as Subprocess)();
// @ts-expect-error read-only
child.pid = 5;

child
  .on('stdout', (chunk, seq) => {
    expectTypeOf(chunk).toEqualTypeOf<Buffer>();
    expectTypeOf(seq).toEqualTypeOf<number>();
  })
  .once('exit', (info) => expectTypeOf(info).toEqualTypeOf<ExitInfo>())
  .on('reaped', ({ code, signal, reason }) => {
    expectTypeOf(code).toEqualTypeOf<number | null>();
    expectTypeOf(signal).toEqualTypeOf<Signal | null>();
    if (reason === 'timedOut') return;
    // @ts-expect-error no such reason
    if (reason === 'timeout') return;
  })
  .off('stderr', () => {});
// @ts-expect-error no such event
child.on('close', () => {});
// @ts-expect-error exit has the facts only
child.on('exit', (_info: ExitInfo, seq: number) => seq);

// ByteStream
declare const stream: ByteStream;
for await (const chunk of stream) expectTypeOf(chunk).toEqualTypeOf<Buffer>();
for await (const line of stream.lines({ maxLength: 5 })) expectTypeOf(line).toEqualTypeOf<string>();
for await (const chunk of stream.web()) expectTypeOf(chunk).toEqualTypeOf<Uint8Array>();
expectTypeOf(stream.text()).toEqualTypeOf<Promise<string>>();
expectTypeOf(stream.bytes()).toEqualTypeOf<Promise<Buffer>>();
expectTypeOf(stream.json()).toEqualTypeOf<Promise<unknown>>();
expectTypeOf(stream.json<{ a: 1 }>()).toEqualTypeOf<Promise<{ a: 1 }>>();
expectTypeOf(stream.readable()).toEqualTypeOf<Readable>();
expectTypeOf(stream.web()).toEqualTypeOf<ReadableStream<Uint8Array>>();

// Options and facts
expectTypeOf<RunOptions>().toExtend<SpawnOptions>();
expectTypeOf<SpawnOptions['drain']>().toEqualTypeOf<DrainPolicy | undefined>();
expectTypeOf<ExitInfo['dropped']>().toEqualTypeOf<{ stdout: number; stderr: number }>();
expectTypeOf<ExitInfo['outputComplete']>().toEqualTypeOf<boolean>();

// Errors: what a program reads from them.
declare const error: unknown;
if (error instanceof LastbyteError) expectTypeOf(error.code).toEqualTypeOf<string>();
if (error instanceof RunError) {
  expectTypeOf(error.exitCode).toEqualTypeOf<number | null>();
  expectTypeOf(error.result.durationMs).toEqualTypeOf<number>();
}
if (error instanceof MaxBytesError) expectTypeOf(error.stream).toEqualTypeOf<'stdout' | 'stderr'>();
if (error instanceof AbortError) expectTypeOf(error.result).toEqualTypeOf<RunResult<string | Buffer> | undefined>();
expectTypeOf<SpawnError['stage']>().toEqualTypeOf<
  'resources' | 'cwd' | 'program' | 'interpreter' | 'spawn' | 'cancelled' | 'stdin' | 'stdout' | 'stderr'
>();

// lastbyte/engine has the same facts.
expectTypeOf(
  execute({ file: 'a' }, { onExit: (info) => expectTypeOf(info).toEqualTypeOf<ExitInfo>() }),
).toEqualTypeOf<Execution>();
expectTypeOf(engine.close()).toEqualTypeOf<Promise<void>>();

// executors: what is written against the interface runs on any of them.
expectTypeOf(local).toExtend<Executor>();
expectTypeOf(createExecutor({ maxLive: 2, retainBytes: 0 })).toEqualTypeOf<LocalExecutor>();
expectTypeOf(createExecutor).parameter(0).toEqualTypeOf<ExecutorOptions | undefined>();
declare const executor: Executor;
expectTypeOf(executor.spawn('a', ['b'])).toEqualTypeOf<Subprocess>();
expectTypeOf(executor.run('a', { encoding: 'buffer' })).toEqualTypeOf<RunPromise<Buffer>>();
expectTypeOf(await executor.attach('id', { afterSeq: 3 })).toEqualTypeOf<Subprocess>();
expectTypeOf(await executor.list()).toEqualTypeOf<ExecutionSummary[]>();
// @ts-expect-error only a local one has figures
executor.stats();
// @ts-expect-error no such option
createExecutor({ limit: 3 });

// redirections and chains.
spawn('a', { stdin: { file: 'in' }, stdout: { file: 'out', append: true }, stderr: 'stdout' });
spawn('a', { stdin: 0, stdout: 1, stderr: 2, shell: true });
spawn('a', { input: new Uint8Array() });
// @ts-expect-error it is read
spawn('a', { stdin: { file: 'in', append: true } });
// @ts-expect-error only stderr
spawn('a', { stdout: 'stdout' });
expectTypeOf(pipeline([['a', ['b']], ['c'], ['d', [], { stdout: 'ignore' }]])).toEqualTypeOf<Pipeline>();
expectTypeOf((await local.pipeline([['a']]).wait()).failed[0]).toEqualTypeOf<StageFailure | undefined>();

// the log: what an event has depends on its type.
for await (const event of local.spawn('a').events({ afterSeq: 0, lossless: true })) {
  expectTypeOf(event).toEqualTypeOf<ExecutionEvent>();
  if (event.type === 'lag') expectTypeOf(event.dropped).toEqualTypeOf<{ stdout: number; stderr: number }>();
  else if (event.type === 'exit' || event.type === 'reaped') expectTypeOf(event.info).toEqualTypeOf<ExitInfo>();
  else expectTypeOf(event.data).toEqualTypeOf<Buffer>();
  // @ts-expect-error not all have a number
  event.seq;
}
expectTypeOf(await local.spawn('a').read({ waitMs: 5, maxBytes: 10 })).toEqualTypeOf<ReadResult>();
expectTypeOf(new EvictedError('').info).toEqualTypeOf<ExitInfo | undefined>();
