import { getEventListeners } from 'node:events';
import { AbortError, LastbyteError, MaxBytesError, RunError, type RunResult, run, SpawnError } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { rejection } from '../support/child.js';
import { compiledLibrary } from '../support/compile.js';
import { Gate, Mailbox } from '../support/gate.js';
import { runHost } from '../support/host.js';
import { pattern } from '../support/pattern.js';

const { file } = actor();
const go = ({ file, args }: { file: string; args: string[] }, options = {}) => run(file, args, options);

describe('RunError', () => {
  test('for a code that is not 0: has the whole result', async () => {
    const { args } = actor('text', 'out', 'etext', 'fatal: no\n', 'exit', 3);
    const running = run(file, args);
    const error = await rejection(running);
    expect(error).toBeInstanceOf(RunError);
    expect(error).toBeInstanceOf(LastbyteError);
    expect(error).toMatchObject({
      name: 'RunError',
      code: 'ERR_LASTBYTE_RUN_FAILED',
      exitCode: 3,
      signal: null,
      reason: 'exited',
      stdout: 'out',
      stderr: 'fatal: no\n',
      file,
      args,
      id: running.subprocess.id,
    });
    expect(error.result).toMatchObject({ code: 3, stdout: 'out', stderr: 'fatal: no\n', outputComplete: true });
    expect(error.message).toBe(`Command failed with code 3: ${file} text out etext "fatal: no\\n" exit 3\nfatal: no`);
  });

  test('for a signal', async () => {
    const error = await rejection(go(actor('raise', 6)));
    expect(error).toMatchObject({
      code: 'ERR_LASTBYTE_RUN_FAILED',
      exitCode: null,
      signal: 'SIGABRT',
      reason: 'signaled',
    });
    expect(error.message).toBe(`Command was ended by SIGABRT: ${file} raise 6`);
  });

  test('for a timeout, also where the child then ends with 0', async () => {
    const error = await rejection(go(actor('pause'), { timeoutMs: 30 }));
    expect(error).toMatchObject({ code: 'ERR_LASTBYTE_TIMEOUT', reason: 'timedOut', signal: 'SIGTERM' });
    expect(error.message).toBe(`Command timed out after 30 ms: ${file} pause`);
    const gentle = rejection(
      go(shell('trap "exit 0" TERM; echo ready; while :; do sleep 0.01; done'), { timeoutMs: 1000 }),
    );
    expect(await gentle).toMatchObject({ code: 'ERR_LASTBYTE_TIMEOUT', exitCode: 0, stdout: 'ready\n' });
  });

  test('for a kill', async () => {
    const running = go(actor('pause'));
    await running.subprocess.started;
    running.subprocess.kill('SIGKILL');
    expect(await rejection(running)).toMatchObject({ code: 'ERR_LASTBYTE_RUN_FAILED', reason: 'killed' });
  });

  test('has Buffers where these were asked for', async () => {
    const error = await rejection(go(actor('text', 'a', 'etext', 'b', 'exit', 1), { encoding: 'buffer' }));
    expect([error.stdout, error.stderr]).toEqual([Buffer.from('a'), Buffer.from('b')]);
    expect(error.message).toMatch(/\nb$/);
  });

  test('says who called run', async () => {
    async function theCaller() {
      await run(file, ['exit', '1']);
    }
    expect((await rejection(theCaller())).stack).toContain('theCaller');
    async function another() {
      await run('/nowhere');
    }
    expect((await rejection(another())).stack).toContain('another');
  });
});

describe('SpawnError', () => {
  test('where it could not be started, with what a program needs', async () => {
    const running = run('/nowhere', ['a'], { cwd: '/' });
    const error = await rejection(running);
    expect(error).toBeInstanceOf(SpawnError);
    expect(error).toMatchObject({
      code: 'ENOENT',
      stage: 'program',
      errno: -2,
      syscall: 'spawn',
      file: '/nowhere',
      cwd: '/',
    });
    expect(error.id).toBe(running.subprocess.id);
    expect(await rejection(running.subprocess.wait())).toBe(error);
  });

  test('where it was killed before its start, unless it had been started', async () => {
    for (let i = 0; i < 20; i++) {
      const running = go(actor('pause'));
      running.subprocess.kill();
      const error = await rejection(running);
      expect(['ECANCELED', 'ERR_LASTBYTE_RUN_FAILED']).toContain(error.code);
    }
  });
});

describe('AbortError', () => {
  test('aborted before: nothing was started', async () => {
    const mailbox = new Mailbox();
    const reason = new Error('mine');
    const error = await rejection(go(actor('tell', mailbox.path, 'it ran'), { signal: AbortSignal.abort(reason) }));
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason, file });
    expect(error.message).toBe(`Command was aborted before its start: ${file} tell ${mailbox.path} 'it ran'`);
    expect('result' in error).toBe(false);
    await go(actor('tell', mailbox.path, 'another'));
    expect(await mailbox.next()).toBe('another');
  });

  test('aborted while it runs: has the result so far', async () => {
    const controller = new AbortController();
    const running = go(actor('text', 'so far', 'pause'), { signal: controller.signal });
    await new Promise((resolve) => running.subprocess.on('stdout', resolve));
    controller.abort();
    const error = await rejection(running);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', id: running.subprocess.id });
    expect((error.cause as Error).name).toBe('AbortError');
    expect(error.result).toMatchObject({ stdout: 'so far', signal: 'SIGTERM', reason: 'aborted' });
    expect(error.message).toBe(`Command was aborted: ${file} text 'so far' pause`);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('aborted while a grandchild holds the output: its group is killed as well', async () => {
    const controller = new AbortController();
    const gate = new Gate();
    const words = actor('fork', '{', 'await', gate.path, 'text', 'never', '}', 'text', 'child', 'exit', 0);
    const running = go(words, { signal: controller.signal });
    await new Promise((resolve) => running.subprocess.on('reaped', resolve));
    controller.abort();
    const error = await rejection(running);
    expect(error).toMatchObject({ name: 'AbortError', result: { stdout: 'child', reason: 'aborted' } });
  });

  test('aborted afterwards: nothing', async () => {
    const controller = new AbortController();
    const result = await run('true', { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    controller.abort();
    expect(result.code).toBe(0);
  });
});

describe('MaxBytesError', () => {
  test('beyond maxBytes the child is ended, and the error has what came', async () => {
    const running = run('yes', { maxBytes: 1_000_001 });
    const error = await rejection(running);
    expect(error).toBeInstanceOf(MaxBytesError);
    expect(error).toMatchObject({
      name: 'MaxBytesError',
      code: 'ERR_LASTBYTE_MAX_BYTES',
      stream: 'stdout',
      maxBytes: 1_000_001,
      file: 'yes',
      id: running.subprocess.id,
    });
    expect(error.message).toBe('Command wrote more than 1000001 bytes to stdout: yes');
    const { stdout, outputComplete } = error.result as RunResult;
    expect(stdout).toBe(`${'y\n'.repeat(500_000)}y`);
    expect(outputComplete).toBe(false);
  });

  test('of each stream by itself', async () => {
    const words = actor('out', 1000, 'err', 1000, 'exit', 0);
    expect((await go(words, { maxBytes: 1000, encoding: 'buffer' })).stderr).toEqual(pattern(1000, 0, 2));
    const error = await rejection(go(actor('out', 10, 'err', 1001, 'pause'), { maxBytes: 1000, encoding: 'buffer' }));
    expect(error).toMatchObject({ stream: 'stderr', maxBytes: 1000 });
    expect(error.result).toMatchObject({ stdout: pattern(10, 0, 1), stderr: pattern(1000, 0, 2) });
  });

  test('exactly maxBytes is allowed; 0 allows no output', async () => {
    expect((await go(actor('text', '12345'), { maxBytes: 5 })).stdout).toBe('12345');
    expect((await run('true', { maxBytes: 0 })).stdout).toBe('');
    expect(await rejection(go(actor('text', '1'), { maxBytes: 0 }))).toMatchObject({ result: { stdout: '' } });
  });

  test('a child that ignores SIGTERM and EPIPE is killed', async () => {
    const script = 'trap "" TERM PIPE; while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyy 2>/dev/null; done';
    const error = await rejection(run('sh', ['-c', script], { maxBytes: 100, killAfterMs: 20 }));
    expect(error).toMatchObject({ code: 'ERR_LASTBYTE_MAX_BYTES', result: { signal: 'SIGKILL', reason: 'killed' } });
  });

  test('says how many bytes nobody gets', async () => {
    const words = actor('ignore', 15, 'chunk', 500, 'out', 500, 'pause');
    const error = await rejection(go(words, { maxBytes: 100, killAfterMs: 20 }));
    expect(error.result).toMatchObject({ dropped: { stdout: 400, stderr: 0 } });
  });
});

test('ClosedError where the engine was closed', async () => {
  const { lines, stderr, code } = await runHost('closed-engine');
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  expect(lines.sort()).toEqual([
    'late run ClosedError ERR_LASTBYTE_CLOSED The engine has been closed',
    'late spawn ClosedError ERR_LASTBYTE_CLOSED The engine has been closed',
    'late wait: closed',
    'run ClosedError ERR_LASTBYTE_CLOSED The engine was closed while this ran: sleep 1000',
    'text ClosedError ERR_LASTBYTE_CLOSED The engine was closed',
    'wait ClosedError ERR_LASTBYTE_CLOSED The engine was closed while this execution was waited for',
  ]);
});

test('StatusLostError where the status cannot be known', async () => {
  const { lines, stderr } = await runHost('lost-status-run', { args: [compiledLibrary('ignore-sigchld')] });
  expect({ lines, stderr }).toEqual({
    lines: ['run StatusLostError ERR_LASTBYTE_STATUS_LOST', 'wait StatusLostError ERR_LASTBYTE_STATUS_LOST'],
    stderr: '',
  });
});
