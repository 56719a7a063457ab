import fc from 'fast-check';
import type { ExecutionRequest } from 'lastbyte/engine';

/** One step of a schedule: something that the child does, or that the test does to it. */
export type Step =
  | { do: 'out' | 'err'; bytes: number }
  | { do: 'close'; stream: 1 | 2 }
  /** A grandchild that writes when its gate is opened, perhaps long after its parent has gone. */
  | { do: 'late'; stream: 1 | 2; bytes: number }
  | { do: 'open gate' }
  | { do: 'exit'; code: number }
  | { do: 'raise'; signal: number }
  | { do: 'pause' | 'resume' | 'cancel'; stream: 1 | 2 }
  | { do: 'kill'; signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' }
  | { do: 'terminate'; graceMs: number }
  | { do: 'write'; bytes: number }
  | { do: 'end' }
  | { do: 'wait' }
  /** Lets the event loop turn so many times: the child and the engine's threads get on. */
  | { do: 'turn'; times: number };

/** What happens to the engine's system calls meanwhile. */
export type Disturbance =
  | { action: 'delay'; call: string; microseconds: number; after: number; times: number }
  | { action: 'short'; call: 'write'; bytes: number; times: number }
  | { action: 'fail'; call: string; errno: 'EINTR' | 'EAGAIN' | 'ENOSYS'; after: number; times: number }
  | { action: 'hold'; call: 'read' | 'pidfd_open' | 'posix_spawn' | 'pipe'; after: number };

export interface Schedule {
  request: Pick<ExecutionRequest, 'windowBytes' | 'credit' | 'group' | 'drain'>;
  copyOutput: boolean;
  disturbances: Disturbance[];
  steps: Step[];
}

const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 2000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4090, max: 70_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 70_000, max: 1_500_000 }) },
);
const stream = fc.constantFrom<1 | 2>(1, 2);
const step = <S extends Step>(weight: number, fields: { [K in keyof S]: fc.Arbitrary<S[K]> }) => ({
  weight,
  arbitrary: fc.record(fields) as unknown as fc.Arbitrary<Step>,
});
const named = <T extends string>(...names: T[]) => fc.constantFrom(...names);

const steps = fc.array(
  fc.oneof(
    step(6, { do: named('out', 'err'), bytes }),
    step(1, { do: named('close'), stream }),
    step(2, { do: named('late'), stream, bytes }),
    step(2, { do: named('open gate') }),
    step(1, { do: named('exit'), code: fc.integer({ min: 0, max: 255 }) }),
    step(1, { do: named('raise'), signal: fc.constantFrom(6, 9, 15) }),
    step(4, { do: named('pause', 'resume'), stream }),
    step(1, { do: named('cancel'), stream }),
    step(1, { do: named('kill'), signal: named('SIGTERM', 'SIGKILL', 'SIGSTOP', 'SIGCONT') }),
    step(1, { do: named('terminate'), graceMs: fc.integer({ min: 0, max: 20 }) }),
    step(2, { do: named('write'), bytes }),
    step(1, { do: named('end') }),
    step(3, { do: named('wait') }),
    step(8, { do: named('turn'), times: fc.integer({ min: 1, max: 40 }) }),
  ),
  { maxLength: 24 },
);

const times = fc.integer({ min: 1, max: 20 });
const after = fc.integer({ min: 0, max: 6 });
const disturbances = fc.array(
  fc.oneof(
    fc.record({
      action: named('delay'),
      call: named('read', 'write', 'waitid', 'posix_spawn', 'pidfd_open', 'poller_wait', 'wake', 'close'),
      microseconds: fc.integer({ min: 1, max: 3000 }),
      after,
      times,
    }),
    fc.record({ action: named('short'), call: named('write'), bytes: fc.integer({ min: 1, max: 5000 }), times }),
    fc.record({
      action: named('fail'),
      // waitid(2) and what else can't fail for our own children isn't here.
      call: named('read', 'write', 'poller_wait', 'pidfd_open', 'fcntl', 'close', 'wake'),
      errno: named('EINTR', 'EAGAIN', 'ENOSYS'),
      after,
      times,
    }),
    fc.record({ action: named('hold'), call: named('read', 'pidfd_open', 'posix_spawn', 'pipe'), after }),
  ),
  { maxLength: 3 },
);

export const schedule: fc.Arbitrary<Schedule> = fc.record({
  request: fc.record(
    {
      windowBytes: fc.constantFrom(4096, 65_536, 1 << 20),
      credit: named('auto', 'manual'),
      group: fc.boolean(),
      drain: fc.oneof(
        fc.record({ idleMs: fc.integer({ min: 0, max: 10 }) }),
        fc.record({ deadlineMs: fc.integer({ min: 0, max: 10 }) }),
      ),
    },
    { requiredKeys: [] },
  ),
  copyOutput: fc.boolean(),
  disturbances,
  steps,
});
