import { once } from 'node:events';
import { type LastbyteError, local, type StdinStream } from 'lastbyte';
import { describe, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { child, othersRun, piped } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';

const attached = expect.objectContaining({ name: 'AttachedError', code: 'ERR_LASTBYTE_ATTACHED' });

/** What `write` calls back with. */
const write = (stdin: StdinStream, data: string | Uint8Array) =>
  new Promise<Error | null | undefined>((resolve) => stdin.write(data, resolve));

/** A child that copies its stdin, or does what the words say, and two handles of it. */
async function twoHandles(...words: (string | number)[]) {
  const first = child(actor(...(words.length === 0 ? ['copy'] : words)), { stdin: 'pipe' });
  return { first, second: await local.attach(first.id) };
}

describe('two handles', () => {
  test('take turns; the bytes of all turns arrive in their order, and whole', async () => {
    const first = child({ file: 'cat' }, { stdin: 'pipe' });
    const second = await local.attach(first.id);
    const output = piped(first.stdout).bytes();
    const size = 100_000;
    for (let turn = 0; turn < 6; turn++) {
      const handle = turn % 2 === 0 ? first : second;
      handle.takeStdin().write(pattern(size, turn * size));
      await handle.releaseStdin();
    }
    second.takeStdin().end('.');
    expect((await output).equals(Buffer.concat([pattern(6 * size), Buffer.from('.')]))).toBe(true);
    await first.wait();
  });

  test('never write at once: who comes second has to wait for the first', async () => {
    const { first, second } = await twoHandles();
    expect(() => second.takeStdin()).toThrow(attached);
    expect(() => second.takeStdin()).toThrow('Another handle writes to stdin, and has not handed it back');
    const stdin = piped(first.stdin);
    expect(first.takeStdin()).toBe(stdin);
    await first.releaseStdin();
    const taken = second.takeStdin();
    expect(second.takeStdin()).toBe(taken);
    expect(() => first.takeStdin()).toThrow(attached);
    taken.end();
    await first.wait();
  });

  test('stdin is null on a handle that does not write', async () => {
    const { first, second } = await twoHandles();
    expect([first.stdin === null, second.stdin]).toEqual([false, null]);
    await first.releaseStdin();
    expect([first.stdin, second.stdin]).toEqual([null, null]);
    second.takeStdin();
    expect([first.stdin, second.stdin === null]).toEqual([null, false]);
    piped(second.stdin).end();
    await first.wait();
  });

  test('it is taken from one who never looked at it', async () => {
    const { first, second } = await twoHandles();
    const released = first.releaseStdin();
    second.takeStdin().end('second');
    await released;
    expect(await piped(first.stdout).text()).toBe('second');
    await first.wait();
  });
});

describe('release', () => {
  test('leaves stdin open', async () => {
    const { first, second } = await twoHandles();
    const echo = piped(first.stdout)[Symbol.asyncIterator]();
    await write(piped(first.stdin), 'one');
    expect(String((await echo.next()).value)).toBe('one');
    await first.releaseStdin();
    await othersRun();
    expect(first.kill(0)).toBe(true);
    await write(second.takeStdin(), 'two');
    expect(String((await echo.next()).value)).toBe('two');
    piped(second.stdin).end();
    expect((await echo.next()).done).toBe(true);
    await first.wait();
  });

  test('resolves when the pipe has taken everything, and nobody can write before', async () => {
    const gate = new Gate();
    const { first, second } = await twoHandles('await', gate.path, 'count');
    const taken: unknown[] = [];
    const stdin = piped(first.stdin);
    for (let i = 0; i < 50; i++) stdin.write(pattern(100_000, i * 100_000), (error) => taken.push(error));
    let answered = false;
    const released = first.releaseStdin().then(() => {
      answered = true;
    });
    await othersRun();
    expect(answered).toBe(false);
    expect(() => second.takeStdin()).toThrow(attached);
    gate.release();
    await released;
    expect(taken).toEqual(Array(50).fill(null));
    second.takeStdin().end(pattern(1000, 5_000_000));
    expect(await piped(first.stdout).text()).toBe('5001000 of 5001000\n');
    await first.wait();
  });

  test('the old stream is destroyed, for whoever still has it', async () => {
    const { first, second } = await twoHandles();
    const old = piped(first.stdin);
    const errors: LastbyteError[] = [];
    old.on('error', (error) => errors.push(error as LastbyteError));
    await write(old, 'kept');
    await first.releaseStdin();
    const stdin = second.takeStdin();
    expect(await write(old, 'lost')).toBeInstanceOf(Error);
    old.end('lost');
    expect(errors).toEqual([attached]);
    expect(errors[0]).toMatchObject({ id: first.id, message: 'stdin has been handed back' });
    expect(old.errored).toBe(errors[0]);
    stdin.end(' too');
    expect(await piped(first.stdout).text()).toBe('kept too');
    await first.wait();
  });

  test('what is written while it waits is written, or fails with AttachedError', async () => {
    const { first, second } = await twoHandles();
    const old = piped(first.stdin);
    await write(old, 'a');
    const released = first.releaseStdin();
    const late = ['b', 'c', 'd'].map(async (letter) => [letter, await write(old, letter)] as const);
    await released;
    second.takeStdin().end('.');
    const written = (await Promise.all(late)).flatMap(([letter, error]) => {
      if (error) expect(error).toEqual(attached);
      return error ? [] : [letter];
    });
    expect(await piped(first.stdout).text()).toBe(`a${written.join('')}.`);
    await first.wait();
  });

  test('by somebody who has ended it resolves when all of it has been taken; nobody can write then', async () => {
    const gate = new Gate();
    const { first, second } = await twoHandles('await', gate.path, 'count');
    piped(first.stdin).end(pattern(3_000_000));
    const released = first.releaseStdin();
    await othersRun();
    expect(() => second.takeStdin()).toThrow(attached);
    gate.release();
    await released;
    expect(await write(second.takeStdin(), 'more')).toBeInstanceOf(Error);
    expect(await piped(first.stdout).text()).toBe('3000000 of 3000000\n');
    await first.wait();
  });

  test('twice at a time hands it back once', async () => {
    const { first, second } = await twoHandles();
    const old = piped(first.stdin);
    await write(old, 'a');
    const once = first.releaseStdin();
    old.write('b');
    const twice = first.releaseStdin();
    await once;
    const stdin = second.takeStdin();
    await twice;
    expect(second.stdin).toBe(stdin);
    expect(() => first.takeStdin()).toThrow(attached);
    stdin.end('c');
    expect(await piped(first.stdout).text()).toBe('abc');
    await first.wait();
  });

  test('of what one has not got changes nothing', async () => {
    const { first, second } = await twoHandles();
    const stdin = piped(first.stdin);
    await second.releaseStdin();
    expect(first.stdin).toBe(stdin);
    stdin.end();
    await first.wait();
  });

  test('resolves where the child ends without reading', async () => {
    const gate = new Gate();
    const { first, second } = await twoHandles('await', gate.path, 'exit', 4);
    const failed = write(piped(first.stdin), pattern(5_000_000));
    const released = first.releaseStdin();
    gate.release();
    await released;
    expect(await failed).toMatchObject({ code: 'EPIPE' });
    expect((await first.wait()).code).toBe(4);
    expect(second.takeStdin().destroyed).toBe(true);
  });
});

describe('detach', () => {
  test('hands stdin back, open, when everything was taken', async () => {
    const gate = new Gate();
    const { first, second } = await twoHandles('await', gate.path, 'count');
    const old = piped(first.stdin);
    old.write(pattern(3_000_000));
    const detached = first.detach();
    expect(() => second.takeStdin()).toThrow(attached);
    gate.release();
    await detached;
    expect(first.stdin).toBe(null);
    expect(old.errored).toEqual(attached);
    expect(() => first.takeStdin()).toThrow(expect.objectContaining({ code: 'ERR_LASTBYTE_DETACHED' }));
    second.takeStdin().end(pattern(100_000, 3_000_000));
    expect(await piped(second.stdout).text()).toBe('3100000 of 3100000\n');
    expect((await second.wait()).code).toBe(0);
  });

  test('of a handle that does not write leaves it to the other one', async () => {
    const { first, second } = await twoHandles();
    const stdin = piped(first.stdin);
    await second.detach();
    expect(await write(stdin, 'still mine')).toBe(null);
    stdin.end();
    expect(await piped(first.stdout).text()).toBe('still mine');
    await first.wait();
  });
});

describe('what can’t be written to', () => {
  const unsupported = expect.objectContaining({
    name: 'UnsupportedError',
    code: 'ERR_LASTBYTE_UNSUPPORTED',
    message: 'stdin is not a pipe that can be written to',
  });

  test('a stdin that is no pipe', async () => {
    const gate = new Gate();
    const first = child(actor('await', gate.path));
    const second = await local.attach(first.id);
    for (const handle of [first, second]) {
      expect(() => handle.takeStdin()).toThrow(unsupported);
      expect(handle.stdin).toBe(null);
      await handle.releaseStdin();
    }
    gate.release();
    await first.wait();
  });

  test('a stdin that was given all its input', async () => {
    const { file, args } = actor('copy');
    const running = local.run(file, args, { input: 'given' });
    const handle = await local.attach(running.subprocess.id);
    expect(() => running.subprocess.takeStdin()).toThrow(unsupported);
    expect(() => handle.takeStdin()).toThrow(unsupported);
    expect((await running).stdout).toBe('given');
  });

  test('a stdin whose child has ended: the stream is closed', async () => {
    const { first, second } = await twoHandles('exit', 0);
    await first.wait();
    await first.releaseStdin();
    const stdin = second.takeStdin();
    if (!stdin.closed) await once(stdin, 'close');
    expect(await write(stdin, 'x')).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
  });
});
