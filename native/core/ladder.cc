#include "ladder.h"

#include <signal.h>

#include <algorithm>

namespace lastbyte {

namespace {

// From SIGKILL for the group to the cut: as long as before it, but what the dying have written gets this much time.
constexpr int64_t kShortestLastGraceNs = 100'000'000;

uint64_t in(int64_t ns) { return sys::now_ns() + static_cast<uint64_t>(ns); }

}  // namespace

void Ladder::start_at_timeout(Execution& execution) {
  const SpawnRequest& request = execution.request();
  timers_->arm(&execution.ladder_timer, execution.started_ns + request.timeout_ns, [this, &execution] {
    execution.ladder_timer.reset();
    execution.end(Cause::timed_out, execution.request().kill_signal);
    climb(execution, execution.request().kill_after_ns);
  });
}

void Ladder::climb(Execution& execution, int64_t kill_after_ns) {
  if (kill_after_ns < 0) return;
  const uint64_t at = in(kill_after_ns);
  // Ended twice, it has no more time than the first of them gave it.
  if (execution.ladder_begun && execution.ladder_timer && Timers::due_ns(execution.ladder_timer) <= at) return;
  execution.ladder_begun = true;
  timers_->arm(&execution.ladder_timer, at, [this, &execution, kill_after_ns] {
    execution.ladder_timer.reset();
    kill_group(execution, kill_after_ns);
  });
}

void Ladder::kill_group(Execution& execution, int64_t kill_after_ns) {
  execution.kill(SIGKILL);
  timers_->arm(&execution.ladder_timer, in(std::max(kill_after_ns, kShortestLastGraceNs)), [this, &execution] {
    execution.ladder_timer.reset();
    drain_->cut(execution);
  });
}

}  // namespace lastbyte
