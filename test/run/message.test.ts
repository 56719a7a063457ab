import type { RunResult } from 'lastbyte';
import { describe, expect, it } from 'vitest';
import { commandLine, failureMessage } from '../../lib/run/message.js';

const failed: RunResult = {
  pid: 1,
  code: 2,
  signal: null,
  reason: 'exited',
  outputComplete: true,
  dropped: { stdout: 0, stderr: 0 },
  durationMs: 1,
  usage: { userMs: 0, systemMs: 0, maxRssBytes: 0 },
  stdout: '',
  stderr: '',
  file: 'git',
  args: ['status'],
};

describe('commandLine', () => {
  it.each([
    ['ls', ['-l', '/tmp/a.b'], 'ls -l /tmp/a.b'],
    ['echo', ['a b', ''], "echo 'a b' ''"],
    ['echo', ["it's", '$HOME'], "echo 'it'\\''s' '$HOME'"],
    ['echo', ['a\nb', '\x1b[2J'], 'echo "a\\nb" "\\u001b[2J"'],
  ])('%s %j is %s', (file, args, line) => {
    expect(commandLine(file, args)).toBe(line);
  });

  it('is short', () => {
    expect(commandLine('echo', ['x'.repeat(1e6)]).length).toBeLessThan(400);
  });
});

describe('failureMessage', () => {
  it.each([
    [{}, 'Command failed with code 2: git status'],
    [
      { code: null, signal: 'SIGKILL' as const, reason: 'signaled' as const },
      'Command was ended by SIGKILL: git status',
    ],
    [{ reason: 'timedOut' as const }, 'Command timed out after 500 ms: git status'],
    [{ stderr: 'fatal: no\n\n' }, 'Command failed with code 2: git status\nfatal: no'],
  ])('with %j', (changes, message) => {
    expect(failureMessage({ ...failed, ...changes }, 500)).toBe(message);
  });

  it('has the end of a long stderr', () => {
    const message = failureMessage({ ...failed, stderr: `${'x'.repeat(1e6)}the end\n` }, undefined);
    expect(message).toMatch(/^Command failed with code 2: git status\n…x+the end$/);
    expect(message.length).toBeLessThan(1100);
    const buffers: RunResult<Buffer> = { ...failed, stdout: Buffer.alloc(0), stderr: Buffer.from('as bytes') };
    expect(failureMessage(buffers, undefined)).toMatch(/\nas bytes$/);
  });
});
