import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { actor, shell } from '../support/actor.js';
import { record } from '../support/record.js';

test('NULs and every other byte come as they are', async () => {
  const child = record(shell('head -c 3000 /dev/zero; printf "\\000\\001\\377\\200\\n\\r"; head -c 5 /dev/zero'));
  await child.wait();
  const middle = Buffer.from([0, 1, 255, 128, 10, 13]);
  expect(child.stdout.bytes.equals(Buffer.concat([Buffer.alloc(3000), middle, Buffer.alloc(5)]))).toBe(true);
});

test('100,000 bytes, written one by one', async () => {
  const child = record(actor('chunk', 1, 'out', 100_000));
  await child.wait();
  expect(child.stdout.matched).toBe(100_000);
  expect(child.stdout.length).toBe(100_000);
});

test('200,000 writes of 33 bytes', async () => {
  const child = record(actor('chunk', 33, 'out', 6_600_000), { keep: false });
  await child.wait();
  expect(child.stdout.matched).toBe(6_600_000);
  expect(child.stdout.length).toBe(6_600_000);
});

test('both streams at full speed, at once', async () => {
  const child = record(actor('fork', '{', 'err', 30_000_000, '}', 'out', 30_000_000), { keep: false });
  await child.wait();
  expect([child.stdout.length, child.stdout.matched]).toEqual([30_000_000, 30_000_000]);
  expect([child.stderr.length, child.stderr.matched]).toEqual([30_000_000, 30_000_000]);
});

test.each([1, 4095, 4096, 4097, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 131_072, 262_144, 262_145, 1_048_577])(
  '%d bytes in one go',
  async (size) => {
    const child = record(actor('chunk', size, 'out', size));
    await child.wait();
    expect([child.stdout.length, child.stdout.matched]).toEqual([size, size]);
  },
);

test('a chunk is the consumer’s to keep: later output does not change it', async () => {
  const chunks: { chunk: Buffer; copy: Buffer }[] = [];
  const child = record(actor('out', 5_000_000), {
    keep: false,
    on: { onStdout: (chunk) => chunks.push({ chunk, copy: Buffer.from(chunk) }) },
  });
  await child.wait();
  await record(actor('out', 20_000_000), { keep: false }).wait();
  expect(chunks.filter(({ chunk, copy }) => !chunk.equals(copy))).toEqual([]);
});

test('a chunk may be written to: nothing else shares its memory', async () => {
  const child = record(actor('chunk', 50, 'out', 2_000_000), {
    keep: false,
    on: { onStdout: (chunk) => setImmediate(() => chunk.fill(0)) },
  });
  await child.wait();
  expect(child.stdout.matched).toBe(2_000_000);
});

test('what goes in at stdin comes out at stdout', async () => {
  const input = randomBytes(3_000_000);
  const child = record({ ...actor('copy'), stdin: 'pipe' });
  child.execution.write(input);
  child.execution.end();
  await child.wait();
  expect(child.stdout.bytes.equals(input)).toBe(true);
});
