import { readFileSync, realpathSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Command, lastbyte } from '../support/command.js';
import { Gate } from '../support/gate.js';
import { stateOf } from '../support/leaks.js';
import { ended } from '../support/proc.js';
import { scratch } from '../support/scratch.js';

describe('one command', () => {
  test('prints what it prints, and ends as it ends', async () => {
    const result = await lastbyte(['run', '--', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(result).toEqual({ code: 3, signal: null, stdout: 'out\n', stderr: 'err\n' });
  });

  test('its own options need no --', async () => {
    expect(await lastbyte(['run', 'echo', '--json', '-n', '--', 'x'])).toMatchObject({
      code: 0,
      stdout: '--json -n -- x\n',
    });
  });

  test('prints output as it comes', async () => {
    const gate = new Gate();
    const command = new Command(['run', 'sh', '-c', `echo early; read x < ${gate.path}; echo late`]);
    await command.until('early\n');
    expect(String(command.stdout)).toBe('early\n');
    gate.release();
    expect(await command.ended).toMatchObject({ code: 0, stdout: 'early\nlate\n' });
  });

  test('gets our stdin', async () => {
    expect(await lastbyte(['run', 'cat'], { input: 'words\n' })).toMatchObject({ code: 0, stdout: 'words\n' });
  });

  test('prints every byte of a large output', async () => {
    const { stdout, code } = await lastbyte(['run', 'sh', '-c', 'head -c 20000000 /dev/zero | tr "\\0" x']);
    expect([code, stdout.length, /^x*$/.test(stdout)]).toEqual([0, 20_000_000, true]);
  });

  test('is ended by a reader that goes away, as in any pipe', async () => {
    const words = `"$0" "$1" run yes | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const entry = new URL('../../dist/cli.js', import.meta.url).pathname;
    const result = await lastbyte(['run', 'bash', '-c', words, process.execPath, entry]);
    expect(result).toEqual({ code: 0, signal: null, stdout: 'y\n141\n', stderr: '' });
  });

  test('options reach it', async () => {
    const script = 'pwd; echo $A $B; echo "$1"';
    const words = ['run', '--shell', '--cwd', scratch, '--env', 'A=1', '--env', 'B=x=y', script, '$HOME'];
    const { stdout } = await lastbyte(words);
    expect(stdout).toBe(`${realpathSync(scratch)}\n1 x=y\n$HOME\n`);
  });
});

describe('the exit code', () => {
  test.each([
    ['0', ['true'], 0],
    ['of the command', ['sh', '-c', 'exit 200'], 200],
    ['128 + n for signal n', ['sh', '-c', 'kill -9 $$'], 137],
    ['127 for none such', ['no-such-command-at-all'], 127],
    ['126 for what can’t be run', ['/etc/passwd'], 126],
    ['125 for a folder that is not there', ['--cwd', '/none', 'true'], 125],
    ['124 for a timeout', ['--timeout', '50ms', 'sleep', '1000'], 124],
  ])('is %s', async (_name, words, code) => {
    expect((await lastbyte(['run', ...words])).code).toBe(code);
  });

  test('is 124 where it ignores SIGTERM, too, and the whole group is gone', async () => {
    const script = 'trap "" TERM; sleep 1000 & echo $!; wait; wait';
    const result = await lastbyte(['run', '--timeout', '200ms', '--kill-after', '50ms', 'sh', '-c', script]);
    expect(result.code).toBe(124);
    const pid = Number(result.stdout);
    await ended(pid);
    expect(['Z', undefined]).toContain(stateOf(pid));
  });

  test('a start that fails is said in one line', async () => {
    const { stderr, stdout } = await lastbyte(['run', 'no-such-command-at-all']);
    expect([stdout, stderr.split('\n').length]).toEqual(['', 2]);
    expect(stderr).toMatch(/^lastbyte: Cannot start 'no-such-command-at-all': .*\(ENOENT\)\n$/);
  });
});

describe('a signal to us', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s goes to the command, which decides', async (signal) => {
    const trap = `trap 'echo got; exit 7' ${signal.slice(3)}`;
    const command = new Command(['run', 'sh', '-c', `${trap}; echo ready; while :; do sleep 0.01; done`]);
    await command.until('ready');
    command.child.kill(signal);
    expect(await command.ended).toMatchObject({ code: 7, stdout: 'ready\ngot\n' });
  });
});

describe('events as JSON', () => {
  const parse = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  test('come in their order, numbered, and whole', async () => {
    const { stdout, code } = await lastbyte(['run', '--json', 'sh', '-c', 'echo out; exec >&-; echo err >&2; exit 4']);
    const events = parse(stdout);
    expect(code).toBe(4);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(events.map(({ type }) => type).sort()).toEqual(['exit', 'reaped', 'stderr', 'stdout']);
    expect(events.at(-1)).toMatchObject({ type: 'exit', info: { code: 4, signal: null, reason: 'exited' } });
    expect(events.find(({ type }) => type === 'stdout')).toMatchObject({ text: 'out\n' });
  });

  test('bytes that are not text are base64', async () => {
    const { stdout } = await lastbyte(['run', '--json', 'sh', '-c', String.raw`printf '\377\0a'`]);
    expect(parse(stdout).find(({ type }) => type === 'stdout')).toMatchObject({ base64: '/wBh' });
  });

  test('all of a large output is there, however slowly it is read', async () => {
    const { stdout } = await lastbyte(['run', '--json', 'head', '-c', '8000000', '/dev/zero']);
    const events = parse(stdout);
    const bytes = events.map(({ text = '' }) => text.length).reduce((sum, length) => sum + length, 0);
    expect(bytes).toBe(8_000_000);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  });

  test('a start that fails is an error event', async () => {
    const { stdout, code } = await lastbyte(['run', '--json', 'no-such-command-at-all']);
    expect(code).toBe(127);
    expect(parse(stdout)).toEqual([{ type: 'error', code: 'ENOENT', message: expect.stringMatching(/^Cannot start/) }]);
  });
});

describe('misuse', () => {
  test.each([
    [[], 'a command is missing'],
    [['jump'], "there is no command 'jump'"],
    [['run'], 'a command is missing'],
    [['run', '--json'], 'a command is missing'],
    [
      ['run', '--timeout', 'soon', 'ls'],
      "--timeout must be a time like 500ms, 10s, 5m or 2h, up to 24 days; got 'soon'",
    ],
    [['run', '--timeout', '0', 'ls'], "--timeout must be a time like 500ms, 10s, 5m or 2h, up to 24 days; got '0'"],
    [['run', '--env', '=x', 'ls'], "--env must be NAME=VALUE; got '=x'"],
    [['run', '--parallel', '2', 'ls'], '--parallel needs --file'],
    [['run', '--file', 'x', '--parallel', '0'], "--parallel must be a whole number from 1 to 100000; got '0'"],
    [['run', '--file', 'x', 'ls'], "with --file there is no other command; got 'ls'"],
    [['run', '--shell', '--file', 'x'], 'the commands of --file are for a shell already: leave --shell out'],
    [['run', '--file', '/none'], "--file: ENOENT: no such file or directory, open '/none'"],
    [['run', '--jsn', 'ls'], "Unknown option '--jsn'"],
  ])('%j is said, and nothing is run', async (words, message) => {
    const { code, stdout, stderr } = await lastbyte(words);
    expect([code, stdout]).toEqual([125, '']);
    expect(stderr).toContain(`lastbyte: ${message}`);
    expect(stderr).toMatch(/\nTry 'lastbyte --help'.\n$/);
  });

  test.each([['--help'], ['run', '--help']])('help: %s %s', async (...words) => {
    const { code, stdout } = await lastbyte(words.filter(Boolean));
    expect([code, stdout.startsWith('usage: lastbyte run ')]).toEqual([0, true]);
  });

  test('the version is the package’s', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((await lastbyte(['--version'])).stdout).toBe(`${version}\n`);
  });
});
