import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { type Recording, record } from '../support/record.js';

async function outputOf(child: Recording): Promise<string> {
  await child.wait();
  expect(child.stderr.text).toBe('');
  return child.stdout.text;
}

/** What `probe` says, without what differs from run to run. */
const probe = async (request = {}) => (await outputOf(record({ ...actor('probe'), ...request }))).trim().split('\n');

const field = (lines: string[], name: string) => lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1];

test('all signals have their default disposition, and none is blocked', async () => {
  // Node ignores SIGPIPE and SIGXFSZ; the engine's threads block everything.
  expect((await probe()).filter((line) => /^(blocked|not default)/.test(line))).toEqual([]);
});

test('the kernel says the same of any program', async () => {
  const status = await outputOf(record({ file: '/bin/cat', args: ['/proc/self/status'] }));
  for (const name of ['SigBlk', 'SigIgn', 'SigCgt']) expect(status).toMatch(new RegExp(`^${name}:\t0+$`, 'm'));
});

test.each(['ignore', 'pipe'] as const)(
  'it has descriptors 0, 1 and 2, blocking, and no other (stdin: %s)',
  async (stdin) => {
    expect((await probe({ stdin })).filter((line) => line.startsWith('fd'))).toEqual([
      'fd 0 blocking',
      'fd 1 blocking',
      'fd 2 blocking',
    ]);
  },
);

test('it has no other descriptor while a hundred siblings start', async () => {
  const children = Array.from({ length: 100 }, () => record({ ...actor('probe'), stdin: 'pipe' }));
  const outputs = await Promise.all(children.map(outputOf));
  expect(
    outputs.flatMap((output) => output.match(/^fd .*/gm) ?? []).filter((fd) => !/^fd [012] blocking$/.test(fd)),
  ).toEqual([]);
});

test('what is ignored is /dev/null, for reading and for writing', async () => {
  const line = 'readlink /proc/self/fd/0 /proc/self/fd/2; echo x >&2; read x; echo $?';
  expect(await outputOf(record({ ...shell(line), stderr: 'ignore' }))).toBe('/dev/null\n/dev/null\n1\n');
});

test('the environment is exactly what was given', async () => {
  expect(await outputOf(record({ file: '/usr/bin/env', env: { B: '2', A: 'x=y z', E: '', U: undefined } }))).toBe(
    'B=2\nA=x=y z\nE=\n',
  );
});

test('an empty environment is empty', async () => {
  expect(await outputOf(record({ file: '/usr/bin/env', env: {} }))).toBe('');
});

test('characters outside of ASCII arrive as UTF-8', async () => {
  const child = record({ file: '/usr/bin/env', argv0: 'env', env: { ÄÖ: '日本 🙂' } });
  expect(await outputOf(child)).toBe('ÄÖ=日本 🙂\n');
});

test('without env it has the host’s environment, as it is at the call', async () => {
  process.env.LASTBYTE_TEST_VALUE = 'at the call';
  const child = record(shell('echo "$LASTBYTE_TEST_VALUE"'));
  process.env.LASTBYTE_TEST_VALUE = 'later';
  expect(await outputOf(child)).toBe('at the call\n');
  delete process.env.LASTBYTE_TEST_VALUE;
});

test('PATH of the given environment finds the program', async () => {
  expect(await outputOf(record({ file: 'echo', args: ['found'], env: { PATH: '/nowhere:/bin' } }))).toBe('found\n');
});

test('arguments arrive as they are: empty ones, blanks, quotes, newlines', async () => {
  const args = ['', ' ', 'a b', '"\'$(x)', 'two\nlines', '日本', ''];
  const child = record({ file: '/bin/cat', args: ['/proc/self/cmdline', '--', ...args] });
  await child.wait();
  expect(child.stdout.text).toContain(`/bin/cat\0/proc/self/cmdline\0--\0${args.join('\0')}\0`);
});

test('argv0 is what the child sees as its name', async () => {
  expect(field(await probe({ argv0: 'other-name' }), 'argv0')).toBe('other-name');
});

test('no arguments: its name alone', async () => {
  expect(await outputOf(record({ file: '/bin/echo' }))).toBe('\n');
});

test('it leads a process group of its own', async () => {
  const lines = await probe();
  expect(field(lines, 'group')).toBe(field(lines, 'pid'));
  expect(field(lines, 'parent')).toBe(String(process.pid));
});

test('group: false leaves it in the host’s group', async () => {
  const own = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')[2];
  expect(field(await probe({ group: false }), 'group')).toBe(own);
});

test('it stays in the host’s session', async () => {
  const own = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')[3];
  expect(field(await probe(), 'session')).toBe(own);
});

test('cwd is its directory', async () => {
  expect(await outputOf(record({ file: '/bin/pwd', cwd: '/usr/bin' }))).toBe('/usr/bin\n');
});

test('a relative cwd is relative to the host’s directory at the call', async () => {
  const before = process.cwd();
  process.chdir('/usr');
  const child = record({ file: '/bin/pwd', cwd: 'bin' });
  process.chdir(before);
  expect(await outputOf(child)).toBe('/usr/bin\n');
});

test('without cwd it has the host’s directory', async () => {
  expect(await outputOf(record({ file: '/bin/pwd' }))).toBe(`${process.cwd()}\n`);
});

test('a relative program is looked for in its cwd', async () => {
  expect(await outputOf(record({ file: './echo', args: ['here'], cwd: '/bin' }))).toBe('here\n');
});
