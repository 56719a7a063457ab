import { expect, test } from 'vitest';
import { runHost } from '../support/host.js';
import { stateOf } from '../support/leaks.js';

/** Runs the host; gives what it printed after the pid, and whether its child has outlived it, which is ended. */
async function host(what: string) {
  const { lines, code, stderr } = await runHost('lifetime', { args: [what] });
  expect(stderr).toBe('');
  const [pid, ...said] = lines;
  const outlived = stateOf(Number(pid)) !== undefined;
  if (outlived) process.kill(Number(pid), 'SIGKILL');
  return { said, code, outlived };
}

test('a child keeps the event loop alive until it has ended', async () => {
  expect(await host('short')).toEqual({ said: ['ended with 0', 'exit'], code: 0, outlived: false });
});

test('unref: it does not, and is left running', async () => {
  expect(await host('unref')).toEqual({ said: ['exit'], code: 0, outlived: true });
});

test('unref: a wait does not keep the event loop alive either', async () => {
  const { said, outlived } = await host('unref, waited for');
  expect({ said, outlived }).toEqual({ said: ['exit'], outlived: true });
});

test('ref takes it back, however often unref was called', async () => {
  expect(await host('ref again')).toEqual({ said: ['ended with 0', 'exit'], code: 0, outlived: false });
});

test('process.exit ends what is not unref’d', async () => {
  expect(await host('process.exit')).toEqual({ said: ['exit'], code: 3, outlived: false });
});
