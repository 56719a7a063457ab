#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace lastbyte {

// Times at which something is due, on one thread. Arming and taking back are logarithmic, and what is taken back is
// gone: a timeout of an hour costs nothing once its execution has ended.
class Timers {
 public:
  using Action = std::function<void()>;
  using Entries = std::multimap<uint64_t, Action>;
  using Handle = std::optional<Entries::iterator>;

  void arm(Handle* handle, uint64_t at_ns, Action action) {
    disarm(handle);
    *handle = entries_.emplace(at_ns, std::move(action));
  }

  void disarm(Handle* handle) {
    if (*handle) entries_.erase(**handle);
    handle->reset();
  }

  static uint64_t due_ns(const Handle& handle) { return (*handle)->first; }

  // A timer that nobody takes back.
  void arm(uint64_t at_ns, Action action) { entries_.emplace(at_ns, std::move(action)); }

  // Nanoseconds until the next one; negative where there is none.
  int64_t until_next(uint64_t now_ns) const {
    if (entries_.empty()) return -1;
    const uint64_t at = entries_.begin()->first;
    return at > now_ns ? static_cast<int64_t>(at - now_ns) : 0;
  }

  // Actions may arm and disarm. An action with a handle has to reset it itself: it is the one that is running.
  void run_due(uint64_t now_ns) {
    while (!entries_.empty() && entries_.begin()->first <= now_ns) {
      const auto node = entries_.extract(entries_.begin());
      node.mapped()();
    }
  }

 private:
  Entries entries_;
};

}  // namespace lastbyte
