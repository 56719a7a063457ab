#pragma once

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "consumer.h"
#include "fault_guard.h"
#include "requests.h"

namespace lastbyte::test {

// Executions that keep all launchers busy until release(). Once it is there, no launcher is at work for anything that
// was asked for before.
class BusyLaunchers {
 public:
  BusyLaunchers(Consumer& consumer, FaultGuard& faults) : faults_(faults) {
    for (unsigned i = 0; i < launchers(); i++) {
      gates_.push_back(faults.hold(sys::Call::posix_spawn));
      consumer.start(shell("exit 0"));
      faults.await_held(gates_.back());
    }
  }
  void release() {
    for (const long gate : gates_) faults_.release(gate);
  }

 private:
  static unsigned launchers() { return std::min(2u, static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN))); }

  FaultGuard& faults_;
  std::vector<long> gates_;
};

}  // namespace lastbyte::test
