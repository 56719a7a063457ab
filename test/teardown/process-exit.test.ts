import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';
import { stateOf } from '../support/leaks.js';

actor(); // compiled before a host needs it

test.each([
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
])('process.exit in %s: the host ends at once, and what ran is gone with it', async (callback) => {
  const { code, signal, lines, stderr } = await runHost('exit-in-callback', { args: [callback] });
  expect({ code, signal, stderr }).toEqual({ code: 7, signal: null, stderr: '' });
  const pids: number[] = JSON.parse(lines[0] as string);
  expect(pids.length).toBe(3);
  expect(pids.map(stateOf)).toEqual([undefined, undefined, undefined]);
});
