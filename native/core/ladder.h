#pragma once

#include "drain.h"
#include "execution.h"
#include "timers.h"

namespace lastbyte {

// How an execution is made to end: a signal, SIGKILL for the whole group a while later, and when something still holds
// its pipes then (it has left the group, and may never end) they are cut. On the exit pump's thread.
class Ladder {
 public:
  Ladder(Timers* timers, Drain* drain) : timers_(timers), drain_(drain) {}

  // The execution has a timeout: the ladder starts by itself.
  void start_at_timeout(Execution& execution);
  // The first signal has been sent: SIGKILL after `kill_after_ns`; never, where that is negative.
  void climb(Execution& execution, int64_t kill_after_ns);
  void stop(Execution& execution) { timers_->disarm(&execution.ladder_timer); }

 private:
  void kill_group(Execution& execution, int64_t kill_after_ns);

  Timers* timers_;
  Drain* drain_;
};

}  // namespace lastbyte
