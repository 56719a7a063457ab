import { AsyncResource } from 'node:async_hooks';
import type { Writable } from 'node:stream';
import { errorName } from '../engine/errno.js';
import type { WriteCallback } from '../engine/execution.js';
import { AttachedError, LastbyteError } from '../errors.js';
import type { Supervisor } from './supervisor.js';

/** The child's stdin, as a `stream.Writable`. See `Subprocess.stdin` for how it ends. */
export type StdinStream = Writable;

/** As much as a pipe of Linux holds; Node 20's own default is a quarter of it. */
const HIGH_WATER_MARK = 64 * 1024;
/** Chunks that are shorter than this, taken together, are copied into one: cheaper than a call for each. */
const SMALL_BYTES = 16 * 1024;

const NOTHING = Buffer.alloc(0);

type Callback = (error?: Error | null) => void;

function writeError(errno: number, id: string): LastbyteError {
  const code = errorName(errno);
  const why = code === 'EPIPE' ? 'the child has closed its stdin or has ended' : 'stdin is broken';
  return new LastbyteError(`write ${code}: ${why}`, code, { errno: -errno, syscall: 'write', id });
}

/** One handle's turn at writing to stdin. */
export interface StdinTurn {
  readonly stream: StdinStream;
  /** Ends the turn, not stdin: resolves when what was written has been taken, or never will be. */
  release(): Promise<void>;
}

/** Stdin is a pipe that the user may write to. */
export function stdinIsOpen({ plan }: Supervisor): boolean {
  return plan.request.stdin === 'pipe' && plan.input === undefined;
}

/** The stream for stdin, where that is a pipe. */
export function connectStdin(supervisor: Supervisor): StdinTurn {
  const { execution } = supervisor;
  let released = false;
  const context = new AsyncResource('LASTBYTE_STDIN');
  let writing: Callback | undefined;
  const written = (error: Error | null) => {
    const callback = writing as Callback;
    writing = undefined;
    context.runInAsyncScope(callback, undefined, error);
  };
  /** Calls back when the pump has taken the bytes, so that the stream's own limit is the backpressure. */
  const answer = (callback: Callback): WriteCallback => {
    writing = callback;
    return (errno) => {
      if (errno === null) written(null);
      // Without a pid the start has failed: its error, which follows, is the one to tell.
      else if (execution.pid !== undefined) written(writeError(errno, supervisor.id));
    };
  };
  // Loading node:stream takes 2 ms: only who asks for a stream pays.
  const { Writable } = process.getBuiltinModule('node:stream');
  const stream = new Writable({
    highWaterMark: HIGH_WATER_MARK,
    write(chunk: Buffer, _encoding, callback) {
      if (chunk.length === 0) callback();
      else execution.write(chunk, answer(callback));
    },
    writev(entries, callback) {
      const chunks = entries.map((entry) => entry.chunk as Buffer);
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      if (bytes < SMALL_BYTES * chunks.length) return execution.write(Buffer.concat(chunks, bytes), answer(callback));
      const last = chunks.pop() as Buffer;
      for (const chunk of chunks) execution.write(chunk);
      execution.write(last, answer(callback));
    },
    final(callback) {
      execution.end();
      callback();
    },
    destroy(error, callback) {
      if (!stream.writableFinished && !released) execution.end();
      callback(error);
    },
  });
  // A child that ends without reading its stdin must not end its host: an 'error' that nobody listens for is no crash.
  stream.on('error', () => {});
  // What is being written then gets its own answer.
  const closed = () => void (writing ?? stream.destroy());
  const failed = (error: LastbyteError) => {
    if (writing !== undefined) written(error);
    stream.destroy(error);
  };
  supervisor.onStdinGone = closed;
  if (execution.startError !== undefined) failed(execution.startError);
  else if (supervisor.stdinClosed) closed();
  else supervisor.beforeEnd({ ended: (error) => error !== undefined && failed(error) });
  const release = async () => {
    const gone = new Promise<void>((resolve) => void (stream.closed ? resolve() : stream.once('close', resolve)));
    if (!stream.destroyed && !stream.writableEnded) {
      await Promise.race([gone, new Promise<void>((resolve) => stream.write(NOTHING, () => resolve()))]);
    }
    if (stream.writableEnded) await gone;
    if (supervisor.onStdinGone === closed) supervisor.onStdinGone = undefined;
    if (stream.writableEnded) return;
    released = true;
    stream.destroy(new AttachedError('stdin has been handed back', { id: supervisor.id }));
  };
  return { stream, release };
}
