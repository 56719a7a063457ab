import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DroppedEvents } from '../../lib/log/dropped-events.js';

const MOST = 65_536;

/** Events 2, 4, 6 … of ten bytes each. */
function dropped(count: number): DroppedEvents {
  const events = new DroppedEvents();
  for (let i = 1; i <= count; i++) events.add(2 * i, 10 * i);
  return events;
}

describe('DroppedEvents', () => {
  it('begins at 0', () => {
    const events = new DroppedEvents();
    expect(events.offsetAfter(0)).toBe(0);
    expect(events.offsetAfter(7)).toBe(0);
  });

  it('knows where each event ended, and that nothing lies between two', () => {
    const events = dropped(3);
    expect([0, 1, 2, 3, 4, 5, 6, 7, 1000].map((seq) => events.offsetAfter(seq))).toEqual([
      0, 0, 10, 10, 20, 20, 30, 30, 30,
    ]);
  });

  it('forgets none of 65,536', () => {
    const events = dropped(MOST);
    expect(events.offsetAfter(1)).toBe(0);
    expect(events.offsetAfter(2)).toBe(10);
    expect(events.offsetAfter(2 * MOST)).toBe(10 * MOST);
  });

  it('forgets old ones then: it says so, and the beginning stays known', () => {
    const events = dropped(MOST + 1);
    expect(events.offsetAfter(0)).toBe(0);
    expect([1, 2, MOST].map((seq) => events.offsetAfter(seq))).toEqual([undefined, undefined, undefined]);
    expect(events.offsetAfter(MOST + 2)).toBe(10 * (MOST / 2 + 1));
    expect(events.offsetAfter(2 * MOST + 2)).toBe(10 * (MOST + 1));
  });

  it('remembers the newest 32,768 at least, however many there were', () => {
    const events = new DroppedEvents();
    for (let i = 1; i <= 5 * MOST; i++) {
      events.add(i, 3 * i);
      if (i % 1021 !== 0) continue;
      const oldest = Math.max(1, i - MOST / 2 + 1);
      expect(events.offsetAfter(oldest)).toBe(3 * oldest);
      expect(events.offsetAfter(i)).toBe(3 * i);
      expect(events.offsetAfter(0)).toBe(0);
    }
    expect(events.offsetAfter(4 * MOST - 1)).toBe(undefined);
  });

  it('is a map from numbers to offsets', () => {
    const steps = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 4 }), bytes: fc.nat(50) }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (script) => {
        const events = new DroppedEvents();
        const offsets = [0];
        for (const { gap, bytes } of script) {
          const end = (offsets.at(-1) as number) + bytes;
          for (let i = 1; i < gap; i++) offsets.push(offsets.at(-1) as number);
          offsets.push(end);
          events.add(offsets.length - 1, end);
        }
        expect(offsets.map((_, seq) => events.offsetAfter(seq))).toEqual(offsets);
      }),
    );
  });
});
