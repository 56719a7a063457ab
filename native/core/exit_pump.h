#pragma once

#include <pthread.h>

#include <atomic>
#include <memory>
#include <unordered_map>
#include <vector>

#include "drain.h"
#include "execution.h"
#include "inbox.h"
#include "ladder.h"
#include "poller.h"
#include "timers.h"

namespace lastbyte {

// The one thread that reaps children and joins their streams, and the only poster of Reaped, Exit and Wait. It never
// waits for one execution: each counts its open ends down, and whichever comes last lets its Exit go.
class ExitPump {
 public:
  ExitPump();
  ExitPump(const ExitPump&) = delete;
  ExitPump& operator=(const ExitPump&) = delete;

  // 0 or an errno.
  int start();
  void stop();

  // All of these return at once, on any thread.
  void start_failed(std::shared_ptr<Execution> execution, int error, StartStage stage);
  void watch(const std::shared_ptr<Execution>& execution);
  // The last of an execution's ends has come.
  void joined(std::shared_ptr<Execution> execution);
  void stdin_closed(std::shared_ptr<Execution> execution);
  const char* exit_watch() const { return polling_ ? "polling" : Poller::exit_watch(); }

  // Null where the execution has settled already.
  void wait(std::shared_ptr<Tenant> tenant, std::shared_ptr<Execution> execution, uint64_t id, uint64_t waiter);
  // SIGKILL to the group after `kill_after_ns`, unless it ends before.
  void escalate(std::shared_ptr<Execution> execution, int64_t kill_after_ns);
  // Cuts what is still open as soon as the leader has been reaped.
  void cut_at_reaped(std::shared_ptr<Execution> execution);
  // Left running when its environment goes: nothing is posted any more, only its status is collected.
  void orphan(std::shared_ptr<Execution> execution);
  // Events that nobody waits for: flushed after a moment, if nothing else does it before.
  void flush_soon(const std::shared_ptr<Tenant>& tenant);

 private:
  enum class Kind : uint8_t {
    start_failed,
    watch,
    joined,
    stdin_closed,
    wait,
    escalate,
    cut_at_reaped,
    orphan,
    flush_soon,
  };
  struct Command {
    Kind kind;
    std::shared_ptr<Execution> execution = nullptr;
    std::shared_ptr<Tenant> tenant = nullptr;
    uint64_t id = 0;
    uint64_t waiter = 0;
    int64_t duration_ns = 0;
    int error = 0;
    StartStage stage = StartStage::spawn;
  };

  void run();
  void carry_out(const Command& command);
  // `reported`: the poller has said so. Else it is being asked.
  void leader_exited(Execution& execution, bool reported);
  bool read_status(Execution& execution, bool collect);
  void poll_exits(uint64_t now);
  void finish(Execution& execution);
  void settle(Execution& execution, std::vector<Event>& events);
  int64_t timeout(uint64_t now) const;

  Poller poller_;
  Inbox<Command> inbox_;
  pthread_t thread_{};
  bool running_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> polling_{false};  // some child could not be watched

  // This thread only.
  Timers timers_;
  Drain drain_{&timers_};
  Ladder ladder_{&timers_, &drain_};
  std::vector<std::shared_ptr<Execution>> polled_;  // without a pidfd
  uint64_t next_poll_ns_ = 0;
  uint64_t poll_interval_ns_ = 0;
  std::unordered_map<Execution*, std::shared_ptr<Execution>> orphans_;
  std::vector<std::shared_ptr<Execution>> graveyard_;
};

}  // namespace lastbyte
