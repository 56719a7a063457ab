#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "event.h"

namespace lastbyte {

// Who is told that events are waiting. Called from any of the engine's threads, never after close().
class EventSink {
 public:
  virtual void wake() = 0;

 protected:
  ~EventSink() = default;
};

// Events that were taken together, and the bytes of their small outputs, one behind the other.
struct Batch {
  std::vector<Event> events;
  std::vector<char> bytes;

  void clear() {
    events.clear();
    // A flood's memory isn't kept; `bytes = {}` would keep it.
    if (bytes.capacity() > kKeptBytes) bytes = std::vector<char>();
    bytes.clear();
  }

  static constexpr size_t kKeptBytes = 256 * 1024;
};

// The one FIFO of an environment: what is posted first is delivered first, whichever thread posts it.
class EventQueue {
 public:
  explicit EventQueue(EventSink* sink) : sink_(sink) {}

  // Queued without a wake: follow with flush(), or let it ride along with what somebody else flushes.
  void post(Event event);
  // Several events that nothing may come between.
  void post(std::vector<Event>& events);
  // Output that is copied; meant for small chunks.
  void post_bytes(uint64_t execution, uint8_t stream, const char* data, size_t size);
  // Wakes the consumer if there is something to take and it doesn't know yet.
  void flush();

  // Everything that is queued, in exchange for an empty batch. False where there is nothing.
  bool take(Batch* batch);
  // Drops what is queued; nothing is accepted and the sink isn't called from here on.
  void close();
  size_t size() const;

  // Set while a deferred flush is on its way; see ExitPump::flush_soon.
  std::atomic<bool> flush_planned{false};

 private:
  mutable std::mutex mutex_;
  // Held for each call of the sink, so that close() knows when there is none under way. Not the queue's own: a consumer
  // that is woken at once would have to wait for it.
  std::mutex sink_mutex_;
  EventSink* sink_;
  Batch queued_;
  bool wake_outstanding_ = false;
  bool closed_ = false;
};

}  // namespace lastbyte
