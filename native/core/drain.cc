#include "drain.h"

#include <algorithm>

#include "stream_pump.h"

namespace lastbyte {

void Drain::start(Execution& execution) {
  const SpawnRequest& request = execution.request();
  if (execution.cut_when_reaped) {
    cut_open_streams(execution);
    return;
  }
  if (request.drain == DrainMode::eof) return;
  timers_->arm(&execution.drain_timer, sys::now_ns() + request.drain_ns, [this, &execution] {
    execution.drain_timer.reset();
    if (execution.request().drain == DrainMode::idle) check_idle(execution);
    else cut_open_streams(execution);
  });
}

void Drain::check_idle(Execution& execution) {
  const uint64_t now = sys::now_ns();
  const uint64_t idle = execution.request().drain_ns;
  uint64_t again = 0;
  for (const OutputStream& stream : execution.output) {
    if (!stream.piped || stream.ended) continue;
    // Held back by its consumer: it may have more to say.
    if (stream.stalled) again = now + idle;
    else again = std::max(again, stream.last_byte_ns + idle);
  }
  if (again <= now) {
    cut_open_streams(execution);
    return;
  }
  timers_->arm(&execution.drain_timer, again, [this, &execution] {
    execution.drain_timer.reset();
    check_idle(execution);
  });
}

void Drain::cut(Execution& execution) {
  execution.cut_when_reaped = true;
  if (execution.reaped && !execution.finished) cut_open_streams(execution);
}

void Drain::cut_open_streams(Execution& execution) {
  for (const OutputStream& stream : execution.output) {
    if (stream.piped && !stream.ended) execution.pump->cut(execution.shared_from_this(), stream.number);
  }
}

}  // namespace lastbyte
