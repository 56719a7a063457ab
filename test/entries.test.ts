import { expect, test } from 'vitest';
import { runHost } from './support/host.js';

// `import 'lastbyte'` has five milliseconds, of which Node's modules and a file each would take most.
test('an import loads three files at most, and of Node only diagnostics_channel, which takes 0.1 ms', async () => {
  const { lines, stderr } = await runHost('import-cost', { node: ['--disable-warning=ExperimentalWarning'] });
  expect(stderr).toBe('');
  const { loaded, files, bytes, imports, same } = JSON.parse(lines[0] as string);
  expect(loaded).toEqual(['NativeModule diagnostics_channel']);
  expect(imports).toEqual([]);
  expect(files).toBeLessThanOrEqual(3);
  expect(bytes).toBeLessThan(180_000);
  // One engine and one set of error classes for both entries, by import and by require.
  expect(same).toBe(true);
});
