import { Engine } from 'lastbyte/engine';
import { afterAll, expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { record } from '../support/record.js';

// Electron refuses external buffers: there all output is copied into JavaScript's own memory.
const copying = new Engine({ copyOutput: true });
afterAll(() => copying.close());

test.each([1, 100, 32_768, 65_536, 300_000, 20_000_000])(
  '%d bytes arrive the same, copied or handed over',
  async (size) => {
    for (const engine of [new Engine(), copying]) {
      const child = record(actor('out', size, 'err', size), { engine, keep: false });
      await child.wait();
      expect([child.stdout.length, child.stdout.matched]).toEqual([size, size]);
      expect([child.stderr.length, child.stderr.matched]).toEqual([size, size]);
      if (engine !== copying) await engine.close();
    }
  },
);
