import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';

actor(); // compiled before a host needs it

const callbacks = [
  'onStarted',
  'onStdout',
  'onStderr',
  'onStreamEnd',
  'onStdinClosed',
  'onReaped',
  'onExit',
  'wait',
  'write',
  'onStartFailed',
];

test.each(callbacks)('an exception in %s reaches uncaughtException, and everything else goes on', async (callback) => {
  const { code, signal, lines } = await runHost('throwing-callback', { args: [callback, 'caught'] });
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  const { log, errors, right } = JSON.parse(lines[0] as string);
  // Both streams end, and each end is a call.
  const times = callback === 'onStreamEnd' ? 2 : 1;
  expect(errors).toEqual(Array.from({ length: times }, () => `thrown in ${callback}`));
  expect(log).toMatch(/^S(?=[oe]*r)[oer]+XWW$/);
  expect(right).toBe(20);
});

test('an exception that nobody handles ends the host as any other does', async () => {
  const { code, lines, stderr } = await runHost('throwing-callback', { args: ['onStdout'] });
  expect(code).toBe(1);
  expect(stderr).toContain('Error: thrown in onStdout');
  expect(lines).toEqual([]);
});
