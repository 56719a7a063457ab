import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteRanges } from '../../lib/log/byte-ranges.js';

describe('ByteRanges', () => {
  it('counts what was added, and each offset once', () => {
    const ranges = new ByteRanges();
    expect(ranges.count(0, 100)).toBe(0);
    ranges.add(10, 20);
    ranges.add(15, 30);
    ranges.add(50, 60);
    expect(ranges.count(0, 100)).toBe(30);
    expect(ranges.count(12, 55)).toBe(23);
    expect(ranges.count(30, 50)).toBe(0);
    expect(ranges.count(55, 55)).toBe(0);
  });

  it('has nothing of a range that is empty', () => {
    const ranges = new ByteRanges();
    ranges.add(5, 5);
    expect(ranges.count(0, 10)).toBe(0);
  });

  it('closes the gap between two ranges', () => {
    const ranges = new ByteRanges();
    ranges.add(0, 10);
    ranges.add(20, 30);
    ranges.add(10, 20);
    expect(ranges.count(0, 30)).toBe(30);
  });

  it('takes ranges in any order', () => {
    const ranges = new ByteRanges();
    for (const start of [40, 0, 20, 60]) ranges.add(start, start + 10);
    expect([0, 20, 40, 60].map((start) => ranges.count(start, start + 10))).toEqual([10, 10, 10, 10]);
    expect(ranges.count(0, 100)).toBe(40);
  });

  it('still knows what lies behind the offset below which it may forget', () => {
    const ranges = new ByteRanges();
    for (const start of [0, 20, 40]) ranges.add(start, start + 10);
    ranges.forget(25);
    expect(ranges.count(25, 100)).toBe(15);
    ranges.forget(100);
    ranges.add(100, 110);
    expect(ranges.count(100, 200)).toBe(10);
  });

  it('is a set of offsets, whatever is done to it', () => {
    const bound = fc.integer({ min: 0, max: 120 });
    const add = fc.record({ do: fc.constant('add' as const), start: bound, length: fc.integer({ min: 0, max: 30 }) });
    const forget = fc.record({ do: fc.constant('forget' as const), offset: bound });
    const count = fc.record({ do: fc.constant('count' as const), start: bound, end: bound });
    const steps = fc.array(fc.oneof(add, add, count, forget), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (script) => {
        const ranges = new ByteRanges();
        const model = new Set<number>();
        let floor = 0;
        const countOf = (start: number, end: number) =>
          [...model].filter((offset) => offset >= start && offset < end).length;
        for (const step of script) {
          if (step.do === 'add') {
            ranges.add(step.start, step.start + step.length);
            for (let i = 0; i < step.length; i++) model.add(step.start + i);
          } else if (step.do === 'forget') {
            floor = Math.max(floor, step.offset);
            ranges.forget(step.offset);
          } else {
            const start = Math.max(step.start, floor);
            expect(ranges.count(start, step.end)).toBe(countOf(start, step.end));
          }
        }
        const rest = Array.from({ length: 160 - floor }, (_, i) => floor + i);
        expect(rest.filter((at) => ranges.count(at, at + 1) > 0)).toEqual(rest.filter((at) => model.has(at)));
        expect(ranges.count(floor, 160)).toBe(countOf(floor, 160));
      }),
      { numRuns: 500 },
    );
  });
});
