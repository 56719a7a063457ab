import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Deadline, Deadlines } from '../../lib/shared/deadlines.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const nothing = () => {};

/** Deadlines, and the order in which they were reached, with the time. */
function recorded(...afterMs: number[]) {
  const deadlines = new Deadlines();
  const reached: string[] = [];
  const add = (ms: number) => deadlines.add(ms, () => reached.push(`${ms} at ${performance.now()}`));
  const added = afterMs.map(add);
  return { deadlines, reached, added };
}

describe('deadlines', () => {
  it('are reached in the order of their times, each at its own', () => {
    const { deadlines, reached } = recorded(30, 10, 20, 5000, 1);
    vi.advanceTimersByTime(9);
    expect(reached).toEqual(['1 at 1']);
    vi.advanceTimersByTime(100);
    expect(reached).toEqual(['1 at 1', '10 at 10', '20 at 20', '30 at 30']);
    expect(deadlines.size).toBe(1);
    vi.advanceTimersByTime(4891);
    expect(reached.at(-1)).toBe('5000 at 5000');
    expect(deadlines.size).toBe(0);
  });

  it('that come later than others may be earlier', () => {
    const { deadlines, reached } = recorded(1000);
    vi.advanceTimersByTime(10);
    deadlines.add(5, () => reached.push('new'));
    vi.advanceTimersByTime(5);
    expect(reached).toEqual(['new']);
    vi.advanceTimersByTime(985);
    expect(reached).toEqual(['new', '1000 at 1000']);
  });

  it('of no time at all are not reached within the call', () => {
    const { reached } = recorded(0);
    expect(reached).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(reached).toEqual(['0 at 1']);
  });

  it('beyond what one timer can wait for are reached all the same', () => {
    const longest = 2 ** 31 - 1;
    const { reached } = recorded(longest, 2 * longest + 10);
    vi.advanceTimersByTime(longest);
    expect(reached).toEqual([`${longest} at ${longest}`]);
    vi.advanceTimersByTime(longest + 9);
    expect(reached).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(reached).toHaveLength(2);
  });
});

describe('the timer', () => {
  it('is one for any number of deadlines', () => {
    const deadlines = new Deadlines();
    const added = Array.from({ length: 10_000 }, (_, i) => deadlines.add(((i * 7919) % 10_000) + 1, nothing));
    expect([deadlines.size, vi.getTimerCount()]).toEqual([10_000, 1]);
    for (const deadline of added.slice(0, 9999)) deadlines.delete(deadline);
    expect([deadlines.size, vi.getTimerCount()]).toEqual([1, 1]);
    vi.advanceTimersByTime(5000);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
    vi.advanceTimersByTime(10_000);
    expect([deadlines.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('does not keep the event loop alive', () => {
    vi.useRealTimers();
    const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timeouts();
    const deadlines = new Deadlines();
    for (let i = 0; i < 1000; i++) deadlines.add(3_600_000 - i, nothing);
    expect(timeouts()).toBe(before);
    deadlines.clear();
  });
});

describe('a deadline that is called off', () => {
  it('is not reached, wherever it stood; the others are, each at its time', () => {
    // As they lie in the heap: the last one is earlier than many of those above which it comes to stand.
    const times = [1, 50, 2, 60, 70, 3, 4, 80, 90, 100, 110, 5, 6, 7, 8];
    for (const [index, time] of times.entries()) {
      const { deadlines, reached, added } = recorded(...times);
      const now = performance.now();
      deadlines.delete(added[index] as Deadline);
      expect(deadlines.size).toBe(14);
      vi.advanceTimersByTime(200);
      const left = times.filter((other) => other !== time).sort((a, b) => a - b);
      expect(reached).toEqual(left.map((ms) => `${ms} at ${now + ms}`));
    }
  });

  it('twice, or after it was reached, is nothing', () => {
    const { deadlines, reached, added } = recorded(10, 20, 30);
    deadlines.delete(added[1] as Deadline);
    deadlines.delete(added[1] as Deadline);
    vi.advanceTimersByTime(10);
    deadlines.delete(added[0] as Deadline);
    expect(deadlines.size).toBe(1);
    vi.advanceTimersByTime(20);
    expect(reached).toEqual(['10 at 10', '30 at 30']);
  });

  it('all of them at once: none is reached, and new ones are', () => {
    const { deadlines, reached, added } = recorded(10, 20);
    deadlines.clear();
    expect([deadlines.size, vi.getTimerCount()]).toEqual([0, 0]);
    deadlines.delete(added[0] as Deadline);
    deadlines.add(15, () => reached.push('new'));
    vi.advanceTimersByTime(100);
    expect(reached).toEqual(['new']);
  });
});

describe('within a deadline', () => {
  it('one may be added: it is reached at its own time', () => {
    const deadlines = new Deadlines();
    const reached: number[] = [];
    const again = () => {
      reached.push(performance.now());
      if (reached.length < 4) deadlines.add(10, again);
    };
    deadlines.add(10, again);
    deadlines.add(35, () => reached.push(-1));
    vi.advanceTimersByTime(100);
    expect(reached).toEqual([10, 20, 30, -1, 40]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('another that is due may be called off', () => {
    const deadlines = new Deadlines();
    const reached: string[] = [];
    let second: Deadline | undefined;
    deadlines.add(10, () => {
      reached.push('first');
      deadlines.delete(second as Deadline);
    });
    second = deadlines.add(10.5, () => reached.push('second'));
    deadlines.add(10.7, () => reached.push('third'));
    vi.advanceTimersByTime(11);
    expect(reached).toEqual(['first', 'third']);
  });

  it('it may call itself off', () => {
    const deadlines = new Deadlines();
    const own: Deadline = deadlines.add(10, () => deadlines.delete(own));
    const other = vi.fn();
    deadlines.add(20, other);
    vi.advanceTimersByTime(20);
    expect(other).toHaveBeenCalledOnce();
  });

  it('an error costs the others nothing', () => {
    const { deadlines, reached } = recorded(11, 30);
    deadlines.add(10.5, () => {
      throw new Error('mine');
    });
    expect(() => vi.advanceTimersByTime(11)).toThrow('mine');
    expect(reached).toEqual([]);
    expect(deadlines.size).toBe(2);
    vi.advanceTimersByTime(1);
    expect(reached).toEqual(['11 at 12']);
    vi.advanceTimersByTime(18);
    expect(reached).toEqual(['11 at 12', '30 at 30']);
  });
});

it('is a set of times, whatever is done to it', () => {
  const add = fc.record({ do: fc.constant('add' as const), afterMs: fc.integer({ min: 0, max: 200 }) });
  const remove = fc.record({ do: fc.constant('delete' as const), which: fc.nat() });
  const advance = fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 60 }) });
  const steps = fc.array(fc.oneof(add, add, add, remove, advance), { maxLength: 80 });
  fc.assert(
    fc.property(steps, (script) => {
      const deadlines = new Deadlines();
      const model = new Map<number, { deadline: Deadline; at: number }>();
      let number = 0;
      const reached: number[] = [];
      for (const step of script) {
        const now = performance.now();
        if (step.do === 'add') {
          const id = number++;
          // No timer waits less than 1 ms, and one that is set comes at whole milliseconds.
          const deadline = deadlines.add(step.afterMs, () => {
            expect(performance.now()).toBe(Math.max(deadline.at, now + 1));
            reached.push(id);
          });
          model.set(id, { deadline, at: Math.max(deadline.at, now + 1) });
        } else if (step.do === 'delete') {
          const id = [...model.keys()][step.which % Math.max(1, model.size)];
          if (id === undefined) continue;
          deadlines.delete((model.get(id) as { deadline: Deadline }).deadline);
          model.delete(id);
        } else {
          vi.advanceTimersByTime(step.ms);
          const due = [...model].filter(([, { at }]) => at <= now + step.ms);
          expect(reached.toSorted((a, b) => a - b)).toEqual(due.map(([id]) => id));
          const times = reached.map((id) => model.get(id)?.at as number);
          expect(times).toEqual(times.toSorted((a, b) => a - b));
          for (const id of reached.splice(0)) model.delete(id);
        }
        expect(deadlines.size).toBe(model.size);
        expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
      }
      deadlines.clear();
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 300 },
  );
});
