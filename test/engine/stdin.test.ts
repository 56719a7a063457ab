import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { Gate } from '../support/gate.js';
import { pattern } from '../support/pattern.js';
import { type Recording, record } from '../support/record.js';

const write = (child: Recording, data: Uint8Array) =>
  new Promise<number | null>((resolve) => child.execution.write(data, resolve));

test('stdin is empty unless it is asked for', async () => {
  const child = record(actor('count'));
  await child.wait();
  expect(child.stdout.text).toBe('0 of 0\n');
});

test('end() alone gives the child an empty stdin', async () => {
  const child = record({ ...actor('count'), stdin: 'pipe' });
  child.execution.end();
  await child.wait();
  expect(child.stdout.text).toBe('0 of 0\n');
});

test('writes before the start arrive in order', async () => {
  const child = record({ ...actor('count'), stdin: 'pipe' });
  for (let i = 0; i < 1000; i++) child.execution.write(pattern(77, i * 77));
  child.execution.end();
  await child.wait();
  expect(child.stdout.text).toBe('77000 of 77000\n');
});

test('after end() the child can still be read from: it is a half-close', async () => {
  const child = record({ ...actor('count', 'out', 100_000), stdin: 'pipe' });
  await write(child, pattern(10));
  child.execution.end();
  await child.wait();
  expect(child.stdout.bytes.subarray(0, 9).toString()).toBe('10 of 10\n');
  expect(child.stdout.length).toBe(9 + 100_000);
});

test('a write is answered when the pipe has taken it, not before', async () => {
  const gate = new Gate();
  const child = record({ ...actor('await', gate.path, 'count'), stdin: 'pipe' });
  await child.until(() => child.log === 'S');
  let answered = false;
  // More than any pipe holds.
  const answer = write(child, pattern(4_000_000)).then((errno) => {
    answered = true;
    return errno;
  });
  for (let i = 0; i < 10; i++) await record({ file: '/bin/true' }).wait();
  expect(answered).toBe(false);
  gate.release();
  expect(await answer).toBe(null);
  child.execution.end();
  await child.wait();
  expect(child.stdout.text).toBe('4000000 of 4000000\n');
});

test('100 MB to a slow reader: each write waits for room in the pipe, and memory stays flat', async () => {
  const size = 1_000_000;
  const gate = new Gate();
  const words = Array.from({ length: 10 }, () => ['await', gate.path, 'slurp', 10 * size]).flat();
  const child = record({ ...actor(...words, 'count'), stdin: 'pipe' });
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let i = 0; i < 100; i++) {
    const answer = write(child, pattern(size, i * size));
    if (i % 10 === 0) gate.release();
    expect(await answer).toBe(null);
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  child.execution.end();
  await child.wait();
  expect(child.stdout.text).toBe('100000000 of 100000000\n');
  expect(most - before).toBeLessThan(60_000_000);
});

test('the callbacks of writes come in order, and before Exit', async () => {
  const order: number[] = [];
  const child = record({ ...actor('count'), stdin: 'pipe' }, { on: { onExit: () => order.push(-1) } });
  for (let i = 0; i < 50; i++) child.execution.write(pattern(10_000, i * 10_000), () => order.push(i));
  child.execution.end();
  await child.wait();
  expect(order).toEqual([...Array.from({ length: 50 }, (_, i) => i), -1]);
});

test('a child that closes its stdin: the writes that are left fail with EPIPE, and it lives on', async () => {
  const closed: (number | null)[] = [];
  const gate = new Gate();
  const child = record(
    { ...actor('slurp', 10, 'close', 0, 'await', gate.path, 'exit', 3), stdin: 'pipe' },
    { on: { onStdinClosed: (errno) => closed.push(errno) } },
  );
  const answers = await Promise.all([write(child, pattern(5_000_000)), write(child, pattern(10))]);
  expect(answers).toEqual([32, 32]);
  expect(closed).toEqual([32]);
  gate.release();
  expect((await child.wait()).code).toBe(3);
});

test('a child that ends without reading: every write is answered before Exit', async () => {
  const gate = new Gate();
  const order: (string | number | null)[] = [];
  const child = record(
    { ...actor('await', gate.path, 'exit', 0), stdin: 'pipe' },
    { on: { onExit: () => order.push('exit') } },
  );
  for (let i = 0; i < 5; i++) child.execution.write(pattern(200_000), (errno) => order.push(errno));
  gate.release();
  await child.wait();
  expect(order).toEqual([32, 32, 32, 32, 32, 'exit']);
});

test('a write after end(), and one after Exit, are answered with EPIPE', async () => {
  const child = record({ ...actor('count'), stdin: 'pipe' });
  child.execution.end();
  const afterEnd = write(child, pattern(1));
  await child.wait();
  expect(await afterEnd).toBe(32);
  expect(await write(child, pattern(1))).toBe(32);
});

test('a write where there is no pipe is answered with EPIPE', async () => {
  const child = record(actor('exit', 0));
  expect(await write(child, pattern(1))).toBe(32);
  await child.wait();
});

test('onStdinClosed comes once, with null where end() was carried out', async () => {
  const closed: (number | null)[] = [];
  const child = record({ ...actor('count'), stdin: 'pipe' }, { on: { onStdinClosed: (errno) => closed.push(errno) } });
  await write(child, pattern(3));
  child.execution.end();
  await child.wait();
  expect(closed).toEqual([null]);
});

test('a failed start answers what was written for it', async () => {
  const child = record({ file: '/nonexistent', stdin: 'pipe' });
  const answer = write(child, pattern(100_000));
  await expect(child.exit).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await answer).not.toBe(null);
});

test('an empty write is answered', async () => {
  const child = record({ ...actor('count'), stdin: 'pipe' });
  expect(await write(child, new Uint8Array())).toBe(null);
  child.execution.end();
  await child.wait();
});

test('stdin that a grandchild holds open does not delay Exit', async () => {
  const gate = new Gate();
  const child = record({
    ...actor('fork', '{', 'close', 1, 'close', 2, 'await', gate.path, '}', 'exit', 0),
    stdin: 'pipe',
  });
  await child.wait();
  gate.release();
});
