import { expect, test } from 'vitest';
import { compiledLibrary } from '../support/compile.js';
import { runHost } from '../support/host.js';

const lost = { code: null, signal: null, reason: 'unknown', outputComplete: true };

test('with SIGCHLD ignored in the host, every wait fails with StatusLostError, and no byte is lost', async () => {
  const { code, lines } = await runHost('lost-status', { args: [compiledLibrary('ignore-sigchld'), 60] });
  const answers = lines.map((line) => JSON.parse(line));
  expect(code).toBe(0);
  expect(answers.length).toBe(60);
  for (const answer of answers) {
    expect(answer).toMatchObject({ whole: true, code: 'ERR_LASTBYTE_STATUS_LOST', info: lost, killed: false });
  }
});

test('beside a library that waits for every child: each status is the right one, or said to be lost', async () => {
  const { code, lines } = await runHost('lost-status', { args: [compiledLibrary('steal-statuses'), 60] });
  const answers = lines.map((line) => JSON.parse(line));
  expect(code).toBe(0);
  expect(answers.length).toBe(60);
  for (const answer of answers) {
    expect(answer.whole).toBe(true);
    if (answer.code === undefined) expect(answer.info).toMatchObject({ code: 7, reason: 'exited' });
    else expect(answer).toMatchObject({ code: 'ERR_LASTBYTE_STATUS_LOST', info: lost });
  }
});
