#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "event_queue.h"
#include "slab_depot.h"

namespace lastbyte {

class Execution;

// One environment's share of the engine: its queue, and its executions that haven't settled.
class Tenant {
 public:
  explicit Tenant(EventSink* sink) : queue(sink) {}

  // Before the queue, which may hold slabs of it.
  SlabDepot depot;
  EventQueue queue;

  void insert(std::shared_ptr<Execution> execution);
  std::shared_ptr<Execution> find(uint64_t id) const;
  std::vector<std::shared_ptr<Execution>> all() const;
  // After Exit or StartFailed has been posted: who doesn't find it any more registers behind those.
  void remove(uint64_t id);
  size_t live() const;

  // No more starts: those that are queued are cancelled.
  void close();
  bool closed() const;
  // Waits until nothing lives; false when that took longer than `milliseconds`.
  bool wait_until_empty(int milliseconds);

 private:
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::unordered_map<uint64_t, std::shared_ptr<Execution>> executions_;
  bool closed_ = false;
};

}  // namespace lastbyte
