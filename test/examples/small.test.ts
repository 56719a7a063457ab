import { expect, test } from 'vitest';
import { runExample } from '../support/example.js';

test('attaching twice gives the same story', async () => {
  const lines = await runExample('attach-twice.mjs');
  expect(lines[0]).toBe('while it runs:');
  expect(lines[1]).toBe('  #1 stdout step 1');
  expect(lines.filter((line) => line.endsWith('exit 7'))).toHaveLength(2);
  expect(lines.at(-1)).toBe('the same story');
});

test('an agent starts, looks at, answers and ends commands, and loses no output between its calls', async () => {
  const lines = await runExample('agent-tool-loop.mjs');
  const results = lines.filter((line) => line.startsWith('← ')).map((line) => JSON.parse(line.slice(2)));
  expect(results).toHaveLength(6);
  expect(results[0]).toMatchObject({ ended: 'exit code 2', output: expect.stringContaining('/nowhere') });
  const dialogue = results.slice(1, 3);
  expect(dialogue.map(({ output }) => output).join('')).toBe('Name? Hello, lastbyte\n');
  const ticks = [results[3], results[4]]
    .map(({ output }) => output)
    .join('')
    .trim()
    .split('\n');
  expect(ticks).toEqual(ticks.map((_, i) => `tick ${i + 1}`));
  expect(results[5]).toMatchObject({ id: results[3].id, ended: 'killed (SIGTERM)' });
});
