import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { Gate, Mailbox } from '../support/gate.js';
import { type HostOptions, runHost } from '../support/host.js';

actor(); // compiled before a host needs it

async function linesOf(args: string[], options: HostOptions = {}): Promise<unknown[]> {
  const { code, signal, lines, stderr } = await runHost('natural-end', { args, ...options });
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return lines.map((line) => JSON.parse(line));
}

test('a live execution keeps the host alive until Exit', async () => {
  const gate = new Gate();
  gate.release();
  expect(await linesOf(['live', gate.path])).toEqual(['started', 'late', 'exit', 'end']);
});

test('unref lets the host go: the child lives on, and does its work', async () => {
  const gate = new Gate();
  const mailbox = new Mailbox();
  const [pid, ...rest] = await linesOf(['unref', gate.path, mailbox.path]);
  expect(rest).toEqual(['end']);
  expect(process.kill(pid as number, 0)).toBe(true);
  gate.release();
  expect(await mailbox.next()).toBe('survived');
});

test('ref takes unref back, however often each was called', async () => {
  const gate = new Gate();
  gate.release();
  expect(await linesOf(['unref and ref', gate.path])).toEqual(['referenced', 'exit', 'end']);
});

test('the host stays for the executions that are referenced, no longer', async () => {
  expect(await linesOf(['unref, with another one live', new Gate().path])).toEqual(['exit', 'end']);
});

test('a waiter that comes after Exit is answered before the host ends', async () => {
  expect(await linesOf(['late waiter'])).toEqual(['answered', 'end']);
});

test('a waiter does not keep an unreferenced execution’s host alive', async () => {
  expect(await linesOf(['waiter of an unreferenced execution', new Gate().path])).toEqual(['end']);
});

test('an engine with nothing to do does not keep the host alive', async () => {
  expect(await linesOf(['idle'])).toEqual(['exit', 'end']);
  expect(await linesOf(['never used'])).toEqual(['number', 'end']);
  expect(await linesOf(['failed start'])).toEqual(['ENOENT', 'end']);
});

test('a closed engine does not keep the host alive', async () => {
  expect(await linesOf(['closed'])).toEqual(['closed', 'closed', 'end']);
});
