#pragma once

#include <cstddef>
#include <cstdint>

namespace lastbyte::sys {

// Every system call of the engine, by the name that tests use to make it fail.
enum class Call : unsigned char {
  pipe,
  open,
  read,
  write,
  close,
  fcntl,
  ioctl,
  stat,
  access,
  posix_spawn,
  pidfd_open,
  pidfd_send_signal,
  kill,
  waitid,
  poller_open,
  poller_add,
  poller_wait,
  wake,
  thread_create,
  count,
};

#ifdef LASTBYTE_FAULT_HOOKS

const char* name_of(Call call);

// What a test wants to happen to a call. Thread-safe; see NativeFaults in lib/native/contract.ts. Shorten a write, not
// the read of a pipe: no kernel gives less than there is, and the engine takes a short read for an empty pipe (epoll(7)).
enum class FaultAction : unsigned char { fail, shorten, delay, hold };

struct Fault {
  Call call;
  FaultAction action;
  long value;  // errno, bytes, microseconds or the number of a gate
  long after;  // calls to let pass first
  long times;  // calls to hit; -1: all that follow
};

void arm_fault(const Fault& fault);
// Returns when a call has stopped at the gate.
void await_held(long gate);
void release_gate(long gate);
void reset_faults();
long calls_counted(Call call);
// Lets now_ns() jump ahead. A thread that waits for a timer looks at the clock again when something wakes it.
void advance_clock(uint64_t ns);
uint64_t clock_offset();

// Runs before the call. True: don't make it; errno is set. May lower *size, may block.
bool intercept(Call call, size_t* size = nullptr);

#else

constexpr bool intercept(Call, size_t* = nullptr) { return false; }
constexpr uint64_t clock_offset() { return 0; }

#endif

}  // namespace lastbyte::sys
