#pragma once

#include "core/faults.h"

namespace lastbyte::test {

// Faults for the length of one scope. Declared after the Consumer: it is gone before the teardown, which it might hold up.
class FaultGuard {
 public:
  struct Keep {};

  FaultGuard() { sys::reset_faults(); }
  // Of faults that have been armed already.
  explicit FaultGuard(Keep) {}
  ~FaultGuard() { sys::reset_faults(); }
  FaultGuard(const FaultGuard&) = delete;
  FaultGuard& operator=(const FaultGuard&) = delete;

  void fail(sys::Call call, int error, long after = 0, long times = 1) {
    sys::arm_fault({call, sys::FaultAction::fail, error, after, times});
  }
  void shorten(sys::Call call, long bytes, long after = 0, long times = -1) {
    sys::arm_fault({call, sys::FaultAction::shorten, bytes, after, times});
  }
  // The gate at which the call will stand.
  long hold(sys::Call call, long after = 0) {
    sys::arm_fault({call, sys::FaultAction::hold, ++gates_, after, 1});
    return gates_;
  }
  void await_held(long gate) { sys::await_held(gate); }
  void release(long gate) { sys::release_gate(gate); }

 private:
  long gates_ = 0;
};

}  // namespace lastbyte::test
