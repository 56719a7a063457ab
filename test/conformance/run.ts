import { describe, expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { inParallel } from '../support/parallel.js';
import { pattern } from '../support/pattern.js';
import { type Open, othersRun } from './open.js';

export function runSuite(open: Open): void {
  describe('run', () => {
    test('gives the facts, the output, and what was run', async () => {
      const { run } = await open();
      const { file, args } = actor('text', 'out ä', 'etext', 'error\n', 'exit', 0);
      expect(await run(file, args)).toEqual({
        pid: expect.any(Number),
        code: 0,
        signal: null,
        reason: 'exited',
        outputComplete: true,
        dropped: { stdout: 0, stderr: 0 },
        durationMs: expect.any(Number),
        usage: { userMs: expect.any(Number), systemMs: expect.any(Number), maxRssBytes: expect.any(Number) },
        stdout: 'out ä',
        stderr: 'error\n',
        file,
        args,
      });
    });

    test('has every byte of both streams, also beyond what the log keeps', async () => {
      const { run } = await open();
      const size = 5_000_000;
      const { file, args } = actor('fork', '{', 'err', size, '}', 'out', size);
      const result = await run(file, args, { encoding: 'buffer', retainBytes: 10 });
      expect(result.stdout.equals(pattern(size, 0, 1))).toBe(true);
      expect(result.stderr.equals(pattern(size, 0, 2))).toBe(true);
      expect(result.dropped).toEqual({ stdout: 0, stderr: 0 });
    });

    test('of 300 commands, 16 at a time: every byte of each', async () => {
      const { run } = await open();
      await inParallel(300, 16, async (i) => {
        const { file, args } = shell(`echo ${i}; echo error ${i} >&2; exit ${i % 3}`);
        const { stdout, stderr, code } = await run(file, args, { check: false });
        expect({ stdout, stderr, code }).toEqual({ stdout: `${i}\n`, stderr: `error ${i}\n`, code: i % 3 });
      });
    });

    test('waits for a grandchild that holds the output', async () => {
      const executor = await open();
      const gate = new Gate();
      const { file, args } = actor('text', 'child ', 'fork', '{', 'await', gate.path, 'text', 'grandchild', '}');
      const running = executor.run(file, args);
      await new Promise((resolve) => running.subprocess.on('reaped', resolve));
      await othersRun(executor);
      gate.release();
      expect((await running).stdout).toBe('child grandchild');
    });

    test('input goes to stdin, which is then closed', async () => {
      const { run } = await open();
      const { file } = actor();
      expect((await run(file, ['copy'], { input: 'ä€😀' })).stdout).toBe('ä€😀');
      expect((await run(file, ['count'], { input: pattern(5_000_000) })).stdout).toBe('5000000 of 5000000\n');
      expect((await run(file, ['copy'], { input: '' })).stdout).toBe('');
    });

    test('rejects with RunError where the code is not 0, with the whole result', async () => {
      const { run } = await open();
      const { file, args } = actor('text', 'out', 'etext', 'fatal: no\n', 'exit', 3);
      const error = await rejection(run(file, args));
      expect(error).toMatchObject({ name: 'RunError', code: 'ERR_LASTBYTE_RUN_FAILED', exitCode: 3, file, args });
      expect(error.result).toMatchObject({ code: 3, stdout: 'out', stderr: 'fatal: no\n', outputComplete: true });
    });

    test('check: false takes any exit', async () => {
      const { run } = await open();
      const { file } = actor();
      expect(await run(file, ['exit', '9'], { check: false })).toMatchObject({ code: 9, reason: 'exited' });
      const signaled = { code: null, signal: 'SIGKILL', reason: 'signaled' };
      expect(await run(file, ['raise', '9'], { check: false })).toMatchObject(signaled);
    });

    test('beyond maxBytes: MaxBytesError with what came before', async () => {
      const { run } = await open();
      const { file, args } = actor('forever');
      const error = await rejection(run(file, args, { maxBytes: 1000, encoding: 'buffer' }));
      expect(error).toMatchObject({ name: 'MaxBytesError', code: 'ERR_LASTBYTE_MAX_BYTES', stream: 'stdout' });
      const { stdout } = error.result as { stdout: Buffer };
      expect(stdout.equals(pattern(1000, 0, 1))).toBe(true);
    });

    test('its subprocess can be watched, waited for and killed; it does not give the output away', async () => {
      const executor = await open();
      const { file, args } = actor('text', 'ready', 'pause');
      const running = executor.run(file, args, { check: false });
      const { subprocess } = running;
      const seen = await new Promise((resolve) => subprocess.on('stdout', (chunk) => resolve(String(chunk))));
      expect(seen).toBe('ready');
      const taken = async () => subprocess.stdout?.text();
      expect(await rejection(taken())).toMatchObject({ code: 'ERR_LASTBYTE_ATTACHED' });
      expect(subprocess.kill('SIGTERM')).toBe(true);
      const info = await subprocess.wait();
      expect(info).toMatchObject({ signal: 'SIGTERM', reason: 'killed', pid: await subprocess.started });
      expect(await running).toMatchObject({ ...info, stdout: 'ready' });
    });
  });
}
