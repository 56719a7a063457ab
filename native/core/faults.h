#pragma once

#include <cstddef>

namespace lastbyte::sys {

// Every system call of the engine, by the name that tests use to make it fail.
enum class Call : unsigned char {
  pipe,
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

// What a test wants to happen to a call. Thread-safe; see NativeFaults in lib/native/contract.ts.
enum class FaultAction : unsigned char { fail, shorten, delay, hold };

struct Fault {
  Call call;
  FaultAction action;
  long value;  // errno, bytes, microseconds or the number of a gate
  long after;  // calls to let pass first
  long times;  // calls to hit; -1: all that follow
};

void arm_fault(const Fault& fault);
void release_gate(long gate);
void reset_faults();
long calls_counted(Call call);

// Runs before the call. True: don't make it; errno is set. May lower *size, may block.
bool intercept(Call call, size_t* size = nullptr);

#else

constexpr bool intercept(Call, size_t* = nullptr) { return false; }

#endif

}  // namespace lastbyte::sys
