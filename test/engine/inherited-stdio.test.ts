import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';

actor(); // compiled before a host needs it

async function host(request: object) {
  const { code, lines, stderr } = await runHost('inherited-stdio', { args: [JSON.stringify(request)] });
  expect(code).toBe(0);
  return { told: JSON.parse(lines.pop() as string), lines, stderr };
}

test('stdout that is inherited goes where the host’s goes, and brings no events', async () => {
  const { told, lines } = await host({ words: ['text', 'straight\n', 'etext', 'piped', 'exit', 4], stdout: 'inherit' });
  expect(lines).toEqual(['straight']);
  expect(told).toEqual({ events: ['piped'], code: 4 });
});

test('stderr that is inherited goes where the host’s goes, and brings no events', async () => {
  const { told, stderr } = await host({ words: ['etext', 'straight', 'text', 'piped'], stderr: 'inherit' });
  expect(stderr).toBe('straight');
  expect(told).toEqual({ events: ['piped'], code: 0 });
});

test('with stdin inherited the child stays in the host’s group, so that the terminal reaches it', async () => {
  const { told } = await host({ words: ['probe'], stdin: 'inherit' });
  const [, pid, group] = /^pid (\d+)\n.*^group (\d+)$/ms.exec(told.events.join('')) as RegExpExecArray;
  expect(group).not.toBe(pid);
});

test('group: true gives it a group of its own even so', async () => {
  const { told } = await host({ words: ['probe'], stdin: 'inherit', group: true });
  const [, pid, group] = /^pid (\d+)\n.*^group (\d+)$/ms.exec(told.events.join('')) as RegExpExecArray;
  expect(group).toBe(pid);
});
