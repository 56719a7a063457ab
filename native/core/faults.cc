#include "faults.h"

#ifdef LASTBYTE_FAULT_HOOKS

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace lastbyte::sys {

namespace {

constexpr std::array<const char*, static_cast<size_t>(Call::count)> kNames = {
    "pipe",       "open",       "read",        "write",       "close",       "fcntl",
    "ioctl",      "stat",       "access",      "posix_spawn", "pidfd_open",
    "pidfd_send_signal", "kill", "waitid",     "poller_open", "poller_add",
    "poller_wait", "wake",      "thread_create"};

struct State {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Fault> faults;
  std::set<long> open_gates;
  std::set<long> held;         // gates at which a call stands
  unsigned long resets = 0;    // each opens the gates of all that stand there
  std::array<std::atomic<long>, static_cast<size_t>(Call::count)> counts{};
  std::atomic<bool> armed{false};
  std::atomic<uint64_t> clock_offset{0};
};

State& state() {
  static State& instance = *new State;
  return instance;
}

}  // namespace

const char* name_of(Call call) { return kNames[static_cast<size_t>(call)]; }

void arm_fault(const Fault& fault) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.faults.push_back(fault);
  s.armed = true;
}

void await_held(long gate) {
  State& s = state();
  std::unique_lock lock(s.mutex);
  s.changed.wait(lock, [&] { return s.held.contains(gate); });
}

void release_gate(long gate) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.open_gates.insert(gate);
  s.changed.notify_all();
}

void reset_faults() {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.faults.clear();
  s.open_gates.clear();
  s.held.clear();
  s.resets++;
  s.armed = false;
  for (auto& count : s.counts) count = 0;
  s.changed.notify_all();
}

long calls_counted(Call call) { return state().counts[static_cast<size_t>(call)]; }

void advance_clock(uint64_t ns) { state().clock_offset += ns; }
uint64_t clock_offset() { return state().clock_offset.load(std::memory_order_relaxed); }

bool intercept(Call call, size_t* size) {
  State& s = state();
  // Relaxed: counting must not order the engine's threads, or ThreadSanitizer would overlook what nothing else orders.
  s.counts[static_cast<size_t>(call)].fetch_add(1, std::memory_order_relaxed);
  if (!s.armed.load(std::memory_order_relaxed)) return false;
  std::unique_lock lock(s.mutex);
  for (Fault& fault : s.faults) {
    if (fault.call != call || fault.times == 0) continue;
    if (fault.after > 0) {
      fault.after--;
      continue;
    }
    if (fault.times > 0) fault.times--;
    const long value = fault.value;
    switch (fault.action) {
      case FaultAction::fail:
        errno = static_cast<int>(value);
        return true;
      case FaultAction::shorten:
        if (size != nullptr && *size > static_cast<size_t>(value)) *size = static_cast<size_t>(value);
        return false;
      case FaultAction::delay:
        lock.unlock();
        std::this_thread::sleep_for(std::chrono::microseconds(value));
        return false;
      case FaultAction::hold:
        s.held.insert(value);
        s.changed.notify_all();
        s.changed.wait(lock, [&, resets = s.resets] { return s.resets != resets || s.open_gates.contains(value); });
        return false;
    }
  }
  return false;
}

}  // namespace lastbyte::sys

#endif
