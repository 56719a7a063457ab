#pragma once

#include "execution.h"
#include "timers.h"

namespace lastbyte {

// What happens to streams that are still open when the leader has been reaped: some descendant holds them. On the exit
// pump's thread.
class Drain {
 public:
  explicit Drain(Timers* timers) : timers_(timers) {}

  // The leader has been reaped, and streams are open: follows the execution's policy.
  void start(Execution& execution);
  void stop(Execution& execution) { timers_->disarm(&execution.drain_timer); }
  // Cuts what is open: now, or as soon as the leader has been reaped.
  void cut(Execution& execution);

 private:
  void cut_open_streams(Execution& execution);
  void check_idle(Execution& execution);

  Timers* timers_;
};

}  // namespace lastbyte
