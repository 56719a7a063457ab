#include "event_queue.h"

namespace lastbyte {

void EventQueue::post(Event event) {
  std::lock_guard lock(mutex_);
  if (!closed_) queued_.events.push_back(std::move(event));
}

void EventQueue::post(std::vector<Event>& events) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  for (Event& event : events) queued_.events.push_back(std::move(event));
}

void EventQueue::post_bytes(uint64_t execution, uint8_t stream, const char* data, size_t size) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  Event event(EventType::output, execution);
  event.stream = stream;
  event.number = queued_.bytes.size();
  event.size = size;
  queued_.bytes.insert(queued_.bytes.end(), data, data + size);
  queued_.events.push_back(std::move(event));
}

void EventQueue::flush() {
  {
    std::lock_guard lock(mutex_);
    if (closed_ || wake_outstanding_ || queued_.events.empty()) return;
    wake_outstanding_ = true;
  }
  std::lock_guard lock(sink_mutex_);
  if (sink_ != nullptr) sink_->wake();
}

bool EventQueue::take(Batch* batch) {
  batch->clear();
  std::lock_guard lock(mutex_);
  wake_outstanding_ = false;
  std::swap(*batch, queued_);
  return !batch->events.empty();
}

void EventQueue::close() {
  {
    std::lock_guard lock(sink_mutex_);
    sink_ = nullptr;
  }
  Batch dropped;
  std::lock_guard lock(mutex_);
  closed_ = true;
  std::swap(dropped, queued_);
}

size_t EventQueue::size() const {
  std::lock_guard lock(mutex_);
  return queued_.events.size();
}

}  // namespace lastbyte
