import { type RunResult, run } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { othersRun, rejection } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { inParallel } from '../support/parallel.js';
import { pattern } from '../support/pattern.js';

const go = ({ file, args }: { file: string; args: string[] }, options = {}) => run(file, args, options);

describe('the result', () => {
  test('has the facts, the output, and what was run', async () => {
    const { file, args } = actor('text', 'out ä', 'etext', 'error\n', 'exit', 0);
    const result = await run(file, args);
    expect(result).toEqual({
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

  test('comes when a grandchild that holds the output has ended, with what it wrote', async () => {
    const gate = new Gate();
    const running = go(actor('text', 'child ', 'fork', '{', 'await', gate.path, 'text', 'grandchild', '}'));
    await new Promise((resolve) => running.subprocess.on('reaped', resolve));
    await othersRun();
    gate.release();
    expect((await running).stdout).toBe('child grandchild');
  });

  test('has all of 20 MB of both streams', async () => {
    const size = 20_000_000;
    const options = { encoding: 'buffer' } as const;
    const { file, args } = actor('fork', '{', 'err', size, '}', 'out', size);
    const { stdout, stderr } = await run(file, args, options);
    expect(stdout.equals(pattern(size, 0, 1))).toBe(true);
    expect(stderr.equals(pattern(size, 0, 2))).toBe(true);
  });

  test('of 500 commands, 16 at a time: every byte of each', async () => {
    await inParallel(500, 16, async (i) => {
      const { stdout, stderr, code } = await go(shell(`echo ${i}; echo error ${i} >&2; exit ${i % 3}`), {
        check: false,
      });
      expect({ stdout, stderr, code }).toEqual({ stdout: `${i}\n`, stderr: `error ${i}\n`, code: i % 3 });
    });
  });

  test('has nothing of a stream that is no pipe', async () => {
    const { stdout, stderr } = await go(shell('echo a; echo b >&2'), { stdout: 'ignore' });
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'b\n' });
  });

  test('says what the drain policy has cut', async () => {
    const gate = new Gate();
    const words = actor('text', 'x', 'fork', '{', 'await', gate.path, '}', 'exit', 0);
    expect(await go(words, { drain: { idleMs: 20 } })).toMatchObject({ stdout: 'x', code: 0, outputComplete: false });
    gate.release();
  });
});

describe('calls', () => {
  test('(file), (file, args), (file, options) and (file, args, options)', async () => {
    expect(await run('true')).toMatchObject({ file: 'true', args: [], stdout: '' });
    expect(await run('echo', ['x'])).toMatchObject({ args: ['x'], stdout: 'x\n' });
    expect((await run('/usr/bin/env', { env: { A: 'b' } })).stdout).toBe('A=b\n');
    expect((await run('echo $A', [], { env: { A: 'b' }, shell: true })).stdout).toBe('b\n');
    expect((await run('pwd', undefined, { cwd: new URL('file:///') })).stdout).toBe('/\n');
  });
});

describe('encoding', () => {
  test('utf8, the default: U+FFFD for what is not UTF-8, whole characters wherever reads are split', async () => {
    const text = Buffer.from('ä€😀');
    for (let at = 1; at < text.length; at++) {
      const words = actor('hex', text.toString('hex', 0, at), 'flushed', 'hex', `${text.toString('hex', at)}ff`);
      expect((await go(words)).stdout).toBe('ä€😀\ufffd');
    }
    expect((await go(actor('text', 'x'), { encoding: 'utf8' })).stdout).toBe('x');
  });

  test('buffer: the bytes', async () => {
    const { stdout, stderr } = await run(actor().file, ['hex', '00ff0a'], { encoding: 'buffer' });
    expect([stdout, stderr]).toEqual([Buffer.from([0, 255, 10]), Buffer.alloc(0)]);
  });
});

describe('check', () => {
  test('false: every exit is a result', async () => {
    const check = false;
    expect(await go(actor('exit', 3), { check })).toMatchObject({ code: 3, reason: 'exited' });
    expect(await go(actor('raise', 9), { check })).toMatchObject({ signal: 'SIGKILL', reason: 'signaled' });
    expect(await go(actor('pause'), { check, timeoutMs: 20 })).toMatchObject({ signal: 'SIGTERM', reason: 'timedOut' });
  });

  test('false: what is no exit still rejects', async () => {
    expect(await rejection(run('/nowhere', { check: false }))).toMatchObject({ code: 'ENOENT' });
    const signal = AbortSignal.timeout(20);
    expect(await rejection(go(actor('pause'), { check: false, signal }))).toMatchObject({ name: 'AbortError' });
    expect(await rejection(run('yes', { check: false, maxBytes: 10 }))).toMatchObject({ name: 'MaxBytesError' });
  });
});

describe('subprocess', () => {
  test('is the child: to watch, signal and wait for', async () => {
    const running = go(actor('text', 'ready', 'pause'));
    const child = running.subprocess;
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      child.on('stdout', (chunk, seq) => {
        seen.push(`${seq} ${chunk}`);
        resolve();
      });
    });
    child.kill('SIGINT');
    const [error, info] = await Promise.all([rejection(running), child.wait()]);
    expect(error).toMatchObject({ stdout: 'ready', signal: 'SIGINT', id: child.id });
    expect(info).toMatchObject({ signal: 'SIGINT', reason: 'killed' });
    expect(seen).toEqual(['1 ready']);
  });

  test('has no output of its own: run reads it', async () => {
    const running = go(actor('text', 'x'));
    expect(await rejection(running.subprocess.stdout?.text() as Promise<string>)).toMatchObject({
      code: 'ERR_LASTBYTE_ATTACHED',
    });
    expect((await running).stdout).toBe('x');
  });

  test('has a stdin to write to where that is a pipe', async () => {
    const running = run('cat', { stdin: 'pipe' });
    running.subprocess.stdin?.end('by hand');
    expect((await running).stdout).toBe('by hand');
  });

  test('gets its exit event before the result comes', async () => {
    const order: string[] = [];
    const running = run('true');
    running.subprocess.on('exit', () => order.push('exit'));
    await running.then(() => order.push('result'));
    expect(order).toEqual(['exit', 'result']);
  });
});

test('the promise is a real one, and its result can be changed by who has it', async () => {
  const running = run('true');
  expect(running).toBeInstanceOf(Promise);
  const result: RunResult = await running;
  result.stdout = 'mine';
  expect((await running).stdout).toBe('mine');
});
