/**
 * The addon's types, by hand: the only place where TypeScript and C++ agree on numbers. Every enumeration here has its
 * twin in `native/core` or `native/binding`, under the same name and with the same values.
 */

/**
 * Slots of one record in the shared records array, in 64-bit floats. Slot 0 of the array is the number of records that
 * the last `take()` filled; the first record starts at slot 1. Twin: `kRecordStride` in delivery.h.
 */
export const RECORD_STRIDE = 12;
/** Bytes of small outputs that one `take()` can copy. Twin: `kSmallBytes` in delivery.h. */
export const SMALL_BYTES = 64 * 1024;
/** Records that one `take()` can fill. Twin: `kRecordCapacity` in delivery.h. */
export const RECORD_CAPACITY = 256;

/** Twin: `EventType` in event.h. Slot 0 of a record; slot 1 is the execution's id. */
export const EventType = {
  /** 2: pid */
  started: 1,
  /** 2: errno, 3: StartStage */
  startFailed: 2,
  /**
   * 2: stream (1 or 2), 3: index of the buffer in what `take()` returned, −1 for the shared bytes of small outputs,
   * 4: offset in them, 5: length
   */
  output: 3,
  /** 2…11: outcome, see `OutcomeSlot` */
  reaped: 4,
  /** 2…11: outcome, see `OutcomeSlot` */
  exit: 5,
  /** 2: waiter */
  wait: 6,
  /** 2: write token, 3: errno or 0 */
  stdinWritten: 7,
  /** 2: errno or 0 (ended by us); nothing more can be written */
  stdinClosed: 8,
  /** 2: stream. Its pipe has ended, all its bytes came before this. Only where the request asked for it */
  streamEnd: 9,
} as const;

/** Where in a record the outcome of a `reaped` or `exit` stands. Twin: `write_outcome` in delivery.cc. */
export const OutcomeSlot = {
  pid: 2,
  /** −1 where a signal ended it or the status was lost */
  code: 3,
  /** 0 where it exited */
  signal: 4,
  cause: 5,
  /** bit 1: stdout was cut, bit 2: stderr was cut */
  cut: 6,
  durationMs: 7,
  userMs: 8,
  systemMs: 9,
  maxRssBytes: 10,
  /** 0, or why the status could not be collected (ECHILD: somebody else took it, or SIGCHLD is ignored) */
  statusErrno: 11,
} as const;

/** What made us end an execution. Twin: `Cause` in event.h. The first one counts. */
export const Cause = { none: 0, timedOut: 1, aborted: 2, killed: 3, closed: 4 } as const;

/** The step at which a start failed. Twin: `StartStage` in event.h. */
export const StartStage = {
  /** a pipe, a thread, memory or another resource of the host */
  resources: 0,
  /** the working directory */
  cwd: 1,
  /** the program */
  program: 2,
  /** the program exists; its `#!` interpreter or its dynamic loader doesn't */
  interpreter: 3,
  /** `posix_spawn` itself: E2BIG, EAGAIN, ENOMEM … */
  spawn: 4,
  /** killed or aborted before it was started */
  cancelled: 5,
  /** what stdin, stdout or stderr was to be redirected to */
  stdin: 6,
  stdout: 7,
  stderr: 8,
} as const;

/** Twin: `StdioMode` in spawn_request.h. */
export const StdioMode = {
  ignore: 0,
  pipe: 1,
  inherit: 2,
  /** a descriptor of this process, by number */
  descriptor: 3,
  /** a file, by path */
  file: 4,
  /** stderr: what stdout is */
  joined: 5,
} as const;

/** Twin: `DrainMode` in spawn_request.h. */
export const DrainMode = { eof: 0, idle: 1, deadline: 2 } as const;

/** Slots of the request array that `execute` reads. Twin: `RequestSlot` in request_reader.h. */
export const RequestSlot = {
  /** a whole number that this environment has not used before */
  id: 0,
  stdin: 1,
  stdout: 2,
  stderr: 3,
  /** 1: the child leads a process group of its own */
  group: 4,
  /** milliseconds from the start; 0: none */
  timeoutMs: 5,
  killSignal: 6,
  /** milliseconds from the first kill to SIGKILL; −1: never */
  killAfterMs: 7,
  drain: 8,
  drainMs: 9,
  /** credit of each output stream, in bytes */
  windowBytes: 10,
  /** 1: Started is delivered at once; 0: it may wait up to 10 ms for something else to ride with */
  startedNow: 11,
  /** 1: `streamEnd` is wanted */
  streamEnds: 12,
  /** 1: it must not be started; startFailed with ECANCELED follows */
  cancelled: 13,
  /** mode descriptor: its number; mode file: 1 appends */
  stdinArgument: 14,
  stdoutArgument: 15,
  stderrArgument: 16,
} as const;
export const REQUEST_SLOTS = 17;

export interface NativeEnvironment {
  /**
   * Queues a start; never blocks, never fails for what the system says (that comes as startFailed).
   * `argv` and `environment` are joined with NUL. `environment` null: a copy of the host process's own, as it is now.
   * `files`: the paths of the streams whose mode is file, joined with NUL.
   */
  execute(file: string, argv: string, environment: string | null, cwd: string | null, files: string | null): void;
  /** Registers a waiter; answered once by a `wait` event, after `exit` or `startFailed`. Any time, also long after. */
  wait(id: number, waiter: number): void;
  /** Queues bytes for stdin; `stdinWritten` with the token follows. The bytes must not be changed until then. */
  write(id: number, data: Uint8Array, token: number): void;
  /** Closes stdin when what was queued has been written. */
  end(id: number): void;
  /** Sends a signal (0 probes) to the group, or the child where it has no group. False where nobody was there to get it. */
  kill(id: number, signal: number): boolean;
  /** The ladder: `signal` now, SIGKILL to the whole group after `killAfterMs` (−1: never). False after Exit. */
  terminate(id: number, cause: number, signal: number, killAfterMs: number): boolean;
  /** Gives credit back: `bytes` of the stream have been consumed. */
  grant(id: number, stream: number, bytes: number): void;
  /** The memory of a delivered chunk may be used again, now. Anything but a whole slab is left to the collector. */
  recycle(chunk: Uint8Array): void;
  /** Stops or resumes reading of one stream, whatever its credit. */
  pause(id: number, stream: number, paused: boolean): void;
  /** The consumer wants no more of this stream: its pipe is closed, the writer sees EPIPE. */
  cancel(id: number, stream: number): void;
  /** Somebody waits for Started of this execution: no riding along. */
  expectStarted(id: number): void;
  /**
   * Fills the records, and the shared bytes with the small outputs among them; returns the buffers that the large ones
   * are in, undefined where there are none.
   */
  take(): Buffer[] | undefined;
  /** Whether this environment's events keep the event loop alive. Not, at first. */
  ref(): void;
  unref(): void;
  /** Marks an execution to be left running at the host's exit (`unref`), or not. */
  leaveAtExit(id: number, leave: boolean): void;
  /** Ends everything that runs with SIGKILL, cause `closed`; `exit` events follow. New starts fail as cancelled. */
  close(): void;
  /**
   * Teardown: no event comes after this; what runs is killed, except where `leaveAtExit` says otherwise, and collected.
   * Returns when nothing of this environment is left. Called by the environment's own cleanup, too.
   */
  shutdown(): void;
  stats(): NativeStats;
  /** The inode of a stream's pipe; 0 where it has ended, or is none. */
  pipeInode(id: number, stream: number): number;
  /** A pipe of the kernel: its read end and its write end, close-on-exec. Throws an error with the system's code. */
  pipe(): [number, number];
  /** A duplicate of a descriptor, close-on-exec, for the caller to close; −1 where there is none. */
  duplicate(descriptor: number): number;
}

export interface NativeStats {
  /** threads of the engine that all environments share */
  threads: number;
  /** executions of this environment that have not been settled */
  live: number;
  /** events queued for this environment and not yet taken */
  queued: number;
  /** bytes of slabs that JavaScript holds or that wait to be used again */
  slabBytes: number;
  /** 'pidfd' | 'kqueue' | 'polling' */
  exitWatch: string;
}

/** Only in an addon that was built with LASTBYTE_FAULT_HOOKS. */
export interface NativeFaults {
  /**
   * Arms a fault: from the `after`-th next call of `syscall` on (0: the very next), `times` calls (−1: all).
   * `action`: 'fail' (with `value` as errno), 'short' (at most `value` bytes), 'delay' (`value` microseconds first),
   * 'hold' (waits until `release(gate)`; `value` is the gate's number). `pid` 0 is any.
   */
  arm(syscall: string, action: 'fail' | 'short' | 'delay' | 'hold', value: number, after: number, times: number): void;
  release(gate: number): void;
  /** Takes all faults back and opens all gates. */
  reset(): void;
  /** Calls counted for each system call since the last reset. */
  counts(): Record<string, number>;
}

export interface NativeAddon {
  /**
   * One environment: its queue, its wake. `onWake` is called on this thread when events are queued. `records`,
   * `request` and `smallBytes` are shared with C++ from here on. `copyOutput` forces copies where the engine's memory
   * would be handed over.
   */
  open(
    onWake: () => void,
    records: Float64Array,
    request: Float64Array,
    smallBytes: Uint8Array,
    options: { copyOutput: boolean },
  ): NativeEnvironment;
  faults?: NativeFaults;
}
