import { expect, test } from 'vitest';
import { actor } from '../support/actor.js';
import { runHost } from '../support/host.js';
import { underAsan } from '../support/sanitizer.js';

const ROUNDS = underAsan ? 20 : 200;
actor(); // compiled before a host needs it

test.each(['alone', 'beside'])(
  `a worker that is terminated in mid-output, ${ROUNDS} times (%s): no thread, descriptor, child or zombie is left`,
  async (company) => {
    const { code, signal, lines, stderr } = await runHost('terminated-workers', { args: [ROUNDS / 2, 4, company] });
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const { before, after, left } = JSON.parse(lines[0] as string);
    expect(left).toEqual([]);
    expect(after).toEqual(before);
    expect(after.children).toBe(0);
  },
);
