import { mkdirSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type SpawnOptions, spawn } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { child, piped, rejection } from '../support/child.js';
import { runHost } from '../support/host.js';
import { statField } from '../support/proc.js';
import { scratch, scratchPath } from '../support/scratch.js';

/** What a command prints to stdout. */
async function printed(file: string, args: string[] = [], options: SpawnOptions = {}): Promise<string> {
  const source = child({ file, args }, options);
  const [text, info] = await Promise.all([piped(source.stdout).text(), source.wait()]);
  expect(info.code).toBe(0);
  return text;
}

describe('spawn', () => {
  test('returns before the child has been started', async () => {
    const source = child(actor('exit', 0));
    expect(source.pid).toBe(undefined);
    const pid = await source.started;
    expect(source.pid).toBe(pid);
    expect((await source.wait()).pid).toBe(pid);
    expect(await source.started).toBe(pid);
  });

  test('gives started to those who ask late', async () => {
    const source = child(actor('exit', 0));
    const { pid } = await source.wait();
    expect(await source.started).toBe(pid);
    expect(source.pid).toBe(pid);
  });

  test('takes (file), (file, args), (file, options) and (file, args, options)', async () => {
    const options = { env: { A: 'x' } };
    const text = async (source: ReturnType<typeof spawn>) => piped(source.stdout).text();
    expect(await text(spawn('true'))).toBe('');
    expect(await text(spawn('echo', ['a', 'b c', '']))).toBe('a b c \n');
    expect(await text(spawn('/usr/bin/env', options))).toBe('A=x\n');
    expect(await text(spawn('/bin/sh', ['-c', 'echo $A'], options))).toBe('x\n');
  });

  test('passes arguments as they are', async () => {
    const args = ['', ' ', '"', "'", '\\', '$HOME', '`id`', '\n', '-x', 'ä€😀', 'x'.repeat(100_000)];
    expect(await printed('printf', ['%s\\0', ...args])).toBe(args.map((arg) => `${arg}\0`).join(''));
  });

  test('takes arguments and options as they are at the call', async () => {
    const args = ['-c', 'echo $A'];
    const env: Record<string, string> = { A: 'before' };
    const source = child({ file: '/bin/sh', args }, { env });
    args[1] = 'echo after';
    env.A = 'after';
    expect(await piped(source.stdout).text()).toBe('before\n');
    await source.wait();
  });

  test('gives each execution an id of its own', async () => {
    const sources = Array.from({ length: 100 }, () => child(actor('exit', 0)));
    const ids = sources.map(({ id }) => id);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}-\d+$/);
    await Promise.all(sources.map((source) => source.wait()));
    expect(sources.map(({ id }) => id)).toEqual(ids);
  });
});

describe('cwd', () => {
  test('as a path', async () => {
    const folder = scratchPath('a folder');
    mkdirSync(folder);
    expect(await printed('pwd', [], { cwd: folder })).toBe(`${realpathSync(folder)}\n`);
  });

  test('as a file: URL, with its escapes', async () => {
    const folder = scratchPath('ä # 100%');
    mkdirSync(folder);
    const url = pathToFileURL(folder);
    expect(url.href).toContain('%25');
    expect(await printed('pwd', [], { cwd: url })).toBe(`${realpathSync(folder)}\n`);
  });

  test('relative to this process’s directory', async () => {
    expect(await printed('pwd', [], { cwd: '.' })).toBe(`${process.cwd()}\n`);
    expect(await printed('pwd', [], { cwd: 'test' })).toBe(`${process.cwd()}/test\n`);
  });

  test('is where a relative program is looked for', async () => {
    expect(await printed('./true', [], { cwd: '/bin' })).toBe('');
  });

  test('that is missing is told apart from a program that is missing', async () => {
    const cwd = await rejection(child({ file: 'true' }, { cwd: '/nowhere' }).wait());
    expect(cwd).toMatchObject({ code: 'ENOENT', stage: 'cwd', cwd: '/nowhere', file: 'true', syscall: 'chdir' });
    expect(cwd.message).toContain("the working directory '/nowhere' cannot be entered");
    const program = await rejection(child({ file: 'nowhere' }, { cwd: '/' }).wait());
    expect(program).toMatchObject({ code: 'ENOENT', stage: 'program', cwd: '/', file: 'nowhere', syscall: 'spawn' });
  });
});

describe('env', () => {
  const environment = async (options: SpawnOptions) => {
    const lines = (await printed('/usr/bin/env', ['-0'], options)).split('\0').filter(Boolean);
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  };

  test('is the whole environment; undefined values are left out', async () => {
    const env = { A: '1', EMPTY: '', NO: undefined, 'ODD NAME': 'a=b\nc', Ä: '😀' };
    expect(await environment({ env })).toEqual({ A: '1', EMPTY: '', 'ODD NAME': 'a=b\nc', Ä: '😀' });
    expect(await environment({ env: {} })).toEqual({});
  });

  test('is this process’s own by default, as it is at the call', async () => {
    process.env.LASTBYTE_TEST = 'at the call';
    const seen = environment({});
    process.env.LASTBYTE_TEST = 'later';
    expect((await seen).LASTBYTE_TEST).toBe('at the call');
    delete process.env.LASTBYTE_TEST;
    expect(await environment({})).toEqual({ ...process.env });
  });

  test('of a worker is the worker’s', async () => {
    const source = `
      import('lastbyte').then(async ({ run }) => {
        process.env.B = 'set in the worker';
        const { stdout } = await run('/usr/bin/env');
        require('node:worker_threads').parentPort.postMessage(stdout.trim().split('\\n').sort());
      });`;
    const worker = new Worker(source, { eval: true, env: { A: 'of the worker' } });
    const message = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
    expect(message).toEqual(['A=of the worker', 'B=set in the worker']);
    await worker.terminate();
  });

  test('has the PATH in which the program is looked for', async () => {
    const error = await rejection(child({ file: 'sh' }, { env: { PATH: scratch } }).wait());
    expect(error).toMatchObject({ code: 'ENOENT', stage: 'program' });
    expect(await printed('sh', ['-c', 'echo $PATH'], { env: { PATH: '/bin' } })).toBe('/bin\n');
  });
});

describe('argv0', () => {
  test('is what the child sees', async () => {
    expect(await printed(actor().file, ['probe'], { argv0: 'another name' })).toMatch(/^argv0 another name$/m);
    expect(await printed(actor().file, ['probe'])).toMatch(new RegExp(`^argv0 ${actor().file}$`, 'm'));
  });
});

describe('shell', () => {
  /** What a command line prints. */
  const line = (command: string, args: string[], options: SpawnOptions) => printed(command, args, options);

  test('true: file is a command line for /bin/sh', async () => {
    expect(await line('echo a  "b  c" | tr a-c A-C; echo $0', [], { shell: true })).toBe('A B  C\n/bin/sh\n');
  });

  test('args are its parameters, and need no quoting', async () => {
    const args = ['a b', '; echo no', '$HOME', ''];
    expect(await line('printf "<%s>" "$@"; echo $#', args, { shell: true })).toBe('<a b><; echo no><$HOME><>4\n');
  });

  test('another shell, by name or path', async () => {
    expect(await line('[[ $BASH_VERSION ]] && echo bash', [], { shell: 'bash' })).toBe('bash\n');
    expect(await line('echo $0', [], { shell: '/bin/bash' })).toBe('/bin/bash\n');
    expect(await rejection(child({ file: 'true' }, { shell: '/nowhere/sh' }).wait())).toMatchObject({
      code: 'ENOENT',
      file: '/nowhere/sh',
    });
  });

  test('false is the default: file is a program', async () => {
    expect(await rejection(child({ file: 'echo a' }).wait())).toMatchObject({ code: 'ENOENT', file: 'echo a' });
    expect(await rejection(child({ file: 'echo a' }, { shell: false }).wait())).toMatchObject({ code: 'ENOENT' });
  });
});

describe('group', () => {
  const groupOf = async (options: SpawnOptions) => {
    const source = child(actor('pause'), options);
    const pid = await source.started;
    const group = statField(pid, 5);
    source.kill('SIGKILL');
    await source.wait();
    return group === pid ? 'own' : group === statField(process.pid, 5) ? 'ours' : 'another';
  };

  test('is the child’s own by default, ours with false, and where stdin is inherited', async () => {
    expect(await groupOf({})).toBe('own');
    expect(await groupOf({ stdin: 'pipe' })).toBe('own');
    expect(await groupOf({ group: false })).toBe('ours');
    expect(await groupOf({ stdin: 'inherit' })).toBe('ours');
    expect(await groupOf({ stdin: 'inherit', group: true })).toBe('own');
  });

  test('false: a signal reaches the child only', async () => {
    const options = { group: false, drain: { idleMs: 0 } };
    const source = child({ file: 'sh', args: ['-c', 'sleep 1000 & echo $!; wait'] }, options);
    const grandchild = await new Promise<number>((resolve) => source.once('stdout', (chunk) => resolve(Number(chunk))));
    source.kill('SIGTERM');
    // It lives on, and holds stdout: only the drain policy ends this.
    expect(await source.wait()).toMatchObject({ signal: 'SIGTERM', outputComplete: false });
    expect(process.kill(grandchild, 'SIGKILL')).toBe(true);
  });
});

describe('stdio', () => {
  test('ignore, stdin’s default, is /dev/null', async () => {
    const links = 'for fd in 0 1 2; do readlink /proc/self/fd/$fd; done >&3';
    expect(await printed('sh', ['-c', `exec 3>&1; ${links}`])).toMatch(/^\/dev\/null\npipe:\[\d+\]\npipe:\[\d+\]\n$/);
    expect(await printed('sh', ['-c', 'readlink /proc/self/fd/2'], { stderr: 'ignore' })).toBe('/dev/null\n');
    expect(await printed('cat')).toBe('');
  });

  test('inherit is this process’s own', async () => {
    const { lines, stderr, code } = await runHost('inherits');
    expect({ lines, stderr, code }).toEqual({ lines: ['to stdout'], stderr: 'to stderr\n', code: 0 });
  });
});

test('nobody looks: a failure is no unhandled rejection', async () => {
  const { lines, stderr, code } = await runHost('nobody-looks');
  expect({ lines, stderr, code }).toEqual({ lines: ['all is quiet'], stderr: '', code: 0 });
});
