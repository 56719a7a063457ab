import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Command, lastbyte } from '../support/command.js';
import { Gate } from '../support/gate.js';
import { ended } from '../support/proc.js';
import { scratchPath } from '../support/scratch.js';

function commandsFile(...lines: string[]): string {
  const path = scratchPath('commands');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const parallel = (count: number, ...lines: string[]) => [
  'run',
  '--parallel',
  `${count}`,
  '--file',
  commandsFile(...lines),
];

describe('a file of commands', () => {
  test('runs each line; comments and empty lines are none', async () => {
    const { code, stdout, stderr } = await lastbyte(parallel(1, '# not me', 'echo 1', '', '  echo 2 >&2', 'echo "$0"'));
    expect([code, stdout]).toEqual([0, '1\n/bin/sh\n']);
    expect(stderr).toMatch(/^2\n3 commands: 3 succeeded, 0 failed, in \d+\.\d s\n$/);
  });

  test('from stdin', async () => {
    expect(await lastbyte(['run', '--file', '-'], { input: 'echo piped' })).toMatchObject({
      code: 0,
      stdout: 'piped\n',
    });
  });

  test('none at all is fine', async () => {
    expect((await lastbyte(parallel(2, '# nothing'))).stderr).toMatch(/^0 commands: 0 succeeded, 0 failed/);
  });

  test('keeps the output of each together, in the order of their ends', async () => {
    const gate = new Gate();
    const command = new Command(parallel(2, `echo a1; read x < ${gate.path}; echo a2`, 'echo b1; echo b2'));
    await command.until('b2\n');
    gate.release();
    expect(await command.ended).toMatchObject({ code: 0, stdout: 'b1\nb2\na1\na2\n' });
  });

  test('keeps large outputs together as well', async () => {
    const both = ['a', 'b'].map((letter) => `head -c 3000000 /dev/zero | tr '\\0' ${letter}`);
    const { stdout } = await lastbyte(parallel(2, ...both));
    expect(stdout.length).toBe(6_000_000);
    const [first = '', second] = stdout[0] === 'a' ? 'ab' : 'ba';
    expect(stdout === first.repeat(3_000_000) + second?.repeat(3_000_000)).toBe(true);
  });

  test('runs so many at a time, and no more', async () => {
    const first = new Gate();
    const second = new Gate();
    // The third can only start, and let the second go, when the first has ended.
    const lines = [`read x < ${first.path}`, `echo > ${first.path}; read x < ${second.path}`, `echo > ${second.path}`];
    expect((await lastbyte(parallel(2, ...lines))).code).toBe(0);
  });

  test('tells which failed, in the order of the file', async () => {
    const { code, stderr } = await lastbyte([
      ...parallel(3, 'exit 3', 'true', 'kill -9 $$', 'sleep 1000'),
      '--timeout',
      '100ms',
    ]);
    expect(code).toBe(1);
    expect(stderr.replace(/in .* s/, 'in T s')).toBe(
      [
        '✗ line 1: exit code 3: exit 3',
        '✗ line 3: ended by SIGKILL: kill -9 $$',
        '✗ line 4: timed out after 100 ms: sleep 1000',
        '4 commands: 1 succeeded, 3 failed, in T s',
        '',
      ].join('\n'),
    );
  });

  test('events as JSON have the line', async () => {
    const { stdout } = await lastbyte(['run', '--json', '--file', commandsFile('echo one', 'exit 2')]);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const of = (line: number) => events.filter((event) => event.line === line);
    expect(of(1).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(of(1).find(({ type }) => type === 'stdout')).toMatchObject({ text: 'one\n' });
    expect(of(2).at(-1)).toMatchObject({ type: 'exit', info: { code: 2 } });
  });

  test('where none can be started all are told', async () => {
    const { code, stdout, stderr } = await lastbyte([
      'run',
      '--json',
      '--cwd',
      '/none',
      '--file',
      commandsFile('true'),
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ line: 1, type: 'error', code: 'ENOENT' });
    expect(stderr).toContain("✗ line 1: Cannot start '/bin/sh': the working directory '/none' cannot be entered");
  });

  test('a signal ends what runs and starts nothing more', async () => {
    const pids = scratchPath('pids');
    const gate = new Gate();
    const lines = [`echo $$ >> ${pids}; read x < ${gate.path}`, `echo $$ >> ${pids}`];
    const command = new Command(parallel(1, ...lines));
    const { child } = command;
    // Its output is printed when it has ended: whether it runs is seen in the file that it writes.
    while (!existsSync(pids) || readFileSync(pids, 'utf8') === '') await new Promise(setImmediate);
    child.kill('SIGINT');
    const { code, stderr } = await command.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('✗ line 1: ended by SIGTERM');
    expect(stderr).toContain('✗ line 2: not run: SIGINT');
    const written = readFileSync(pids, 'utf8').trim().split('\n');
    expect(written.length).toBe(1);
    await ended(Number(written[0]));
  });
});

describe('on a terminal', () => {
  test('one line says how far it has got, and is gone at the end', async () => {
    const entry = new URL('../../dist/cli.js', import.meta.url).pathname;
    const gate = new Gate();
    const file = commandsFile(`read x < ${gate.path}; echo hi`, 'false');
    const line = `'${process.execPath}' '${entry}' run --parallel 1 --file ${file}`;
    const command = new Command(['run', 'script', '-qec', line, '/dev/null']);
    await command.until('\r\x1b[2K0/2 done, 1 running');
    gate.release();
    const { stdout } = await command.ended;
    expect(stdout).toContain('\r\x1b[2K1/2 done');
    expect(stdout).toContain('\r\x1b[2K✗ line 2: exit code 1: false\r\n2 commands: 1 succeeded, 1 failed');
  });
});
