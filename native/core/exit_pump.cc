#include "exit_pump.h"

#include <algorithm>
#include <cerrno>

#include "stdin_writer.h"
#include "stream_pump.h"
#include "tenant.h"

namespace lastbyte {

namespace {

// How long an event that nobody waits for may wait for a wake to ride with.
constexpr uint64_t kFlushSoonNs = 10'000'000;
// Without pidfds: how often statuses are asked for. Doubled while nothing happens.
constexpr uint64_t kShortestPollNs = 1'000'000;
constexpr uint64_t kLongestPollNs = 16'000'000;

double milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

double resident_bytes(const rusage& usage) {
#ifdef __APPLE__
  return static_cast<double>(usage.ru_maxrss);
#else
  return static_cast<double>(usage.ru_maxrss) * 1024;  // getrusage(2): kilobytes
#endif
}

Event terminal(EventType type, const Execution& execution) {
  Event event(type, execution.id);
  event.outcome = execution.outcome;
  return event;
}

Event answer(uint64_t execution, uint64_t waiter) {
  Event event(EventType::wait, execution);
  event.number = waiter;
  return event;
}

}  // namespace

ExitPump::ExitPump() : inbox_(&poller_) {}

int ExitPump::start() {
  int error = poller_.open();
  if (error != 0) return error;
  error = sys::start_thread(
      &thread_,
      [](void* self) -> void* {
        static_cast<ExitPump*>(self)->run();
        return nullptr;
      },
      this, "lastbyte-exit");
  running_ = error == 0;
  return error;
}

void ExitPump::stop() {
  if (!running_) return;
  stopping_ = true;
  poller_.wake();
  pthread_join(thread_, nullptr);
  running_ = false;
}

void ExitPump::start_failed(std::shared_ptr<Execution> execution, int error, StartStage stage) {
  inbox_.post({.kind = Kind::start_failed, .execution = std::move(execution), .error = error, .stage = stage});
}

void ExitPump::watch(const std::shared_ptr<Execution>& execution) {
  // Straight into the poller: no wake for the common case. From here on the execution may end at any moment.
  const int error = poller_.watch_exit(execution->pid, execution->pidfd.get(), execution.get());
  if (error == 0 && execution->request().timeout_ns == 0) return;
  inbox_.post({.kind = Kind::watch, .execution = execution, .error = error});
}

void ExitPump::joined(std::shared_ptr<Execution> execution) {
  inbox_.post({.kind = Kind::joined, .execution = std::move(execution)});
}

void ExitPump::stdin_closed(std::shared_ptr<Execution> execution) {
  inbox_.post({.kind = Kind::stdin_closed, .execution = std::move(execution)});
}

void ExitPump::wait(std::shared_ptr<Tenant> tenant, std::shared_ptr<Execution> execution, uint64_t id,
                    uint64_t waiter) {
  inbox_.post({.kind = Kind::wait,
               .execution = std::move(execution),
               .tenant = std::move(tenant),
               .id = id,
               .waiter = waiter});
}

void ExitPump::escalate(std::shared_ptr<Execution> execution, int64_t kill_after_ns) {
  inbox_.post({.kind = Kind::escalate, .execution = std::move(execution), .duration_ns = kill_after_ns});
}

void ExitPump::cut_at_reaped(std::shared_ptr<Execution> execution) {
  inbox_.post({.kind = Kind::cut_at_reaped, .execution = std::move(execution)});
}

void ExitPump::orphan(std::shared_ptr<Execution> execution) {
  inbox_.post({.kind = Kind::orphan, .execution = std::move(execution)});
}

void ExitPump::flush_soon(const std::shared_ptr<Tenant>& tenant) {
  if (tenant->queue.flush_planned.exchange(true)) return;
  inbox_.post({.kind = Kind::flush_soon, .tenant = tenant});
}

void ExitPump::run() {
  std::vector<Poller::Ready> ready;
  std::vector<Command> commands;
  while (!stopping_) {
    ready.clear();
    poller_.wait(timeout(sys::now_ns()), &ready);
    for (const Poller::Ready& one : ready) leader_exited(*static_cast<Execution*>(one.token), true);
    inbox_.take(&commands);
    for (const Command& command : commands) carry_out(command);
    commands.clear();
    const uint64_t now = sys::now_ns();
    timers_.run_due(now);
    if (!polled_.empty() && now >= next_poll_ns_) poll_exits(now);
    for (const auto& execution : graveyard_) execution->tenant->queue.flush();
    graveyard_.clear();
  }
}

int64_t ExitPump::timeout(uint64_t now) const {
  const int64_t timer = timers_.until_next(now);
  if (polled_.empty()) return timer;
  const int64_t poll = next_poll_ns_ > now ? static_cast<int64_t>(next_poll_ns_ - now) : 0;
  return timer < 0 ? poll : std::min(timer, poll);
}

void ExitPump::carry_out(const Command& command) {
  Execution* const execution = command.execution.get();
  switch (command.kind) {
    case Kind::start_failed: {
      StdinWriter::refuse(*execution, command.error);
      std::vector<Event> events;
      Event event(EventType::start_failed, execution->id);
      event.error = command.error;
      event.stage = command.stage;
      events.push_back(std::move(event));
      settle(*execution, events);
      break;
    }
    case Kind::watch:
      // kqueue, ESRCH: it has exited before it could be watched.
      if (command.error == ESRCH) leader_exited(*execution, true);
      if (command.error != 0 && !execution->reaped) {
        polled_.push_back(command.execution);
        polling_ = true;
        next_poll_ns_ = 0;
        poll_interval_ns_ = kShortestPollNs;
      }
      // Reaped or not: it lasts until Exit. An orphan has no timeout any more, and a ladder that has begun isn't put off.
      if (execution->request().timeout_ns > 0 && !execution->finished && !execution->ladder_begun) {
        ladder_.start_at_timeout(*execution);
      }
      break;
    case Kind::joined:
      finish(*execution);
      break;
    case Kind::stdin_closed:
      finish(*execution);
      break;
    case Kind::wait:
      if (execution != nullptr && !execution->finished) {
        execution->waiters.push_back(command.waiter);
        break;
      }
      command.tenant->queue.post(answer(command.id, command.waiter));
      command.tenant->queue.flush();
      break;
    case Kind::escalate:
      if (!execution->finished) ladder_.climb(*execution, command.duration_ns);
      break;
    case Kind::cut_at_reaped:
      drain_.cut(*execution);
      break;
    case Kind::orphan:
      if (execution->finished) break;
      ladder_.stop(*execution);
      drain_.stop(*execution);
      execution->finished = true;
      if (!execution->reaped) orphans_.emplace(execution, command.execution);
      else if (!execution->collected) read_status(*execution, true);
      execution->tenant->remove(execution->id);
      break;
    case Kind::flush_soon: {
      timers_.arm(sys::now_ns() + kFlushSoonNs, [tenant = command.tenant] {
        tenant->queue.flush_planned = false;
        tenant->queue.flush();
      });
      break;
    }
  }
}

bool ExitPump::read_status(Execution& execution, bool collect) {
  // Collected by us or by somebody else: the pid may be a stranger's by now.
  if (execution.leader_gone) return true;
  sys::ChildStatus status;
  Outcome& outcome = execution.outcome;
  int result = 0;
  {
    // A signal that is being sent meanwhile goes to the zombie, or finds leader_gone.
    std::lock_guard lock(execution.mutex);
    const int pidfd = execution.pidfd.get();
    result = collect ? sys::collect(execution.pid, pidfd, &status) : sys::peek(execution.pid, pidfd, &status);
    if (result != 0) {
      // What has been read once stays true when somebody else takes the zombie away.
      if (!execution.status_known) outcome.status_errno = errno;
      if (errno == ECHILD) execution.leader_gone = true;
    } else if (!status.exited) {
      return false;
    } else if (collect) {
      execution.leader_gone = true;
    }
  }
  if (result == 0) {
    execution.status_known = true;
    outcome.status_errno = 0;
    outcome.code = status.code;
    outcome.signal = status.signal;
    outcome.user_ms = milliseconds(status.usage.ru_utime);
    outcome.system_ms = milliseconds(status.usage.ru_stime);
    outcome.max_rss_bytes = resident_bytes(status.usage);
    execution.collected = collect;
  }
  return true;
}

void ExitPump::leader_exited(Execution& execution, bool reported) {
  if (execution.reaped) return;
  // Where it leads a group its zombie stays until Exit: as long as there is one, the group's id can't be given to
  // others, and a late kill() can't hit them. The last end to come, or a child without a group, is collected at once.
  const bool last = execution.open_ends == 1;
  if (!read_status(execution, last || !execution.request().group)) return;
  // Whoever only asks, and gets no answer, doesn't know that there is a status: it asks again.
  if (!reported && !execution.status_known && !execution.leader_gone) return;
  poller_.unwatch_exit(execution.pid, execution.pidfd.get());
  execution.reaped = true;
  if (execution.finished) {  // an orphan
    if (!execution.collected) read_status(execution, true);
    const auto found = orphans_.find(&execution);
    if (found != orphans_.end()) {
      graveyard_.push_back(std::move(found->second));
      orphans_.erase(found);
    }
    return;
  }
  Outcome& outcome = execution.outcome;
  outcome.pid = execution.pid;
  outcome.duration_ms = static_cast<double>(sys::now_ns() - execution.started_ns) / 1e6;
  if (!last) {
    {
      std::lock_guard lock(execution.mutex);
      outcome.cause = execution.cause_for(outcome.signal);
    }
    execution.tenant->queue.post(terminal(EventType::reaped, execution));
    execution.reaped_posted = true;
    flush_soon(execution.tenant);
    drain_.start(execution);
  }
  if (execution.arrive()) finish(execution);
}

void ExitPump::poll_exits(uint64_t now) {
  bool found = false;
  for (size_t i = polled_.size(); i-- > 0;) {
    const std::shared_ptr<Execution> execution = polled_[i];
    leader_exited(*execution, false);
    if (!execution->reaped) continue;
    found = true;
    polled_[i] = std::move(polled_.back());
    polled_.pop_back();
  }
  poll_interval_ns_ = found ? kShortestPollNs : std::min(poll_interval_ns_ * 2, kLongestPollNs);
  next_poll_ns_ = now + poll_interval_ns_;
}

void ExitPump::finish(Execution& execution) {
  if (execution.finished) return;
  // Its reader has gone, or is a stranger that left the group. Closed before Exit: nothing is left open behind it.
  bool stdin_open = false;
  {
    std::lock_guard lock(execution.stdin_stream.mutex);
    stdin_open = execution.stdin_stream.open;
  }
  if (stdin_open) {
    execution.pump->close_stdin(execution.shared_from_this());
    return;
  }
  // Twice, where it is refused: no zombie may be left behind.
  for (int look = 0; look < 2 && !execution.collected && !execution.leader_gone; look++) read_status(execution, true);
  {
    std::lock_guard lock(execution.mutex);
    Outcome& outcome = execution.outcome;
    outcome.cut = execution.cut;
    outcome.cause = execution.cause_for(outcome.signal);
    execution.pidfd.reset();
  }
  std::vector<Event> events;
  events.reserve(2 + execution.waiters.size());
  if (!execution.reaped_posted) events.push_back(terminal(EventType::reaped, execution));
  events.push_back(terminal(EventType::exit, execution));
  settle(execution, events);
}

void ExitPump::settle(Execution& execution, std::vector<Event>& events) {
  ladder_.stop(execution);
  drain_.stop(execution);
  {
    std::lock_guard lock(execution.mutex);
    execution.stage = Execution::Stage::settled;
    execution.signals_for_start.clear();
  }
  execution.finished = true;
  for (const uint64_t waiter : execution.waiters) events.push_back(answer(execution.id, waiter));
  execution.waiters = {};
  execution.tenant->queue.post(events);
  graveyard_.push_back(execution.shared_from_this());
  execution.tenant->remove(execution.id);
}

}  // namespace lastbyte
