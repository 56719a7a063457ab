#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "poller.h"

namespace lastbyte {

// Commands for a thread that waits in a poller. Posting never waits for that thread.
template <typename Command>
class Inbox {
 public:
  explicit Inbox(Poller* poller) : poller_(poller) {}

  void post(Command command) {
    bool first = false;
    {
      std::lock_guard lock(mutex_);
      first = commands_.empty();
      commands_.push_back(std::move(command));
    }
    // One wake for all that is posted before the thread looks.
    if (first) poller_->wake();
  }

  // On the thread itself. `out` must be empty.
  void take(std::vector<Command>* out) {
    std::lock_guard lock(mutex_);
    std::swap(*out, commands_);
  }

 private:
  Poller* poller_;
  std::mutex mutex_;
  std::vector<Command> commands_;
};

}  // namespace lastbyte
