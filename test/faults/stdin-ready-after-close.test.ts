import { engine } from 'lastbyte/engine';
import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { called, faults } from '../support/faults.js';
import { Gate, Mailbox } from '../support/gate.js';
import { pattern } from '../support/pattern.js';
import { type Recording, record } from '../support/record.js';

const count = (name: string) => faults.counts()[name] as number;

// One round of a stream pump: the poller names another stream, then the stdin of an execution that a command of the
// same round closes. When the pump comes to that stdin, nobody else holds the execution any more.
test('an execution that settles while the poller still names its stdin', async () => {
  const gates = { held: new Gate(), other: new Gate(), subject: new Gate(), end: new Gate() };
  const mailbox = new Mailbox();
  const subject = record({
    ...actor('await', gates.subject.path, 'exit', 7),
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  const children = [subject];
  // Executions are dealt out to the pumps in turn: these have the subject's.
  const pumps = engine.stats().threads - 1 - 2;
  const onSamePump = (request: ReturnType<typeof actor>): Recording => {
    for (let i = 1; i < pumps; i++) children.push(record(actor('exit', 0)));
    const child = record(request);
    children.push(child);
    return child;
  };
  const held = onSamePump(actor('await', gates.held.path, 'out', 1, 'await', gates.end.path));
  const other = onSamePump(
    actor('await', gates.other.path, 'out', 1, 'tell', mailbox.path, 'written', 'await', gates.end.path),
  );
  await Promise.all(children.map((child) => child.until(() => child.log !== '')));

  // Its pipe is full: the poller watches it.
  subject.execution.write(pattern(1_000_000));
  await called('write', 2);

  faults.arm('read', 'hold', 1, 0, 1);
  const reads = count('read');
  gates.held.release();
  await called('read', reads + 1);
  gates.other.release();
  await mailbox.next();
  faults.arm('read', 'delay', 200_000, 0, 1);
  const [waits, wakes] = [count('waitid'), count('wake')];
  gates.subject.release();
  await called('waitid', waits + 1);
  await called('wake', wakes + 1);
  faults.release(1);

  expect((await subject.wait()).code).toBe(7);
  await other.until(() => other.stdout.length === 1);
  gates.end.release(2);
  expect((await held.wait()).code).toBe(0);
  await Promise.all(children.map((child) => child.wait()));
});
