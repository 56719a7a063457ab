#include "stdin_writer.h"

#include <algorithm>
#include <cerrno>

#include "tenant.h"

namespace lastbyte {

namespace {

// What one turn may write for one child before the others get theirs.
constexpr size_t kBytesPerTurn = 512 * 1024;
// One write(2) at the most: the stream's mutex is held for it.
constexpr size_t kBytesPerWrite = 128 * 1024;

Event written(const Execution& execution, const StdinChunk& chunk, int error) {
  Event event(EventType::stdin_written, execution.id);
  event.number = chunk.token;
  event.reference = chunk.reference;
  event.error = error;
  return event;
}

}  // namespace

bool StdinWriter::enqueue(Execution& execution, StdinChunk chunk) {
  StdinStream& in = execution.stdin_stream;
  {
    std::lock_guard lock(in.mutex);
    if (in.open && !in.ending) {
      in.chunks.push_back(std::move(chunk));
      // Behind another chunk the writer is at work, or waits for the pipe; before the start nobody can write.
      return in.fd && in.chunks.size() == 1;
    }
  }
  execution.tenant->queue.post(written(execution, chunk, EPIPE));
  execution.tenant->queue.flush();
  return false;
}

bool StdinWriter::end(Execution& execution) {
  StdinStream& in = execution.stdin_stream;
  std::lock_guard lock(in.mutex);
  if (!in.open || in.ending) return false;
  in.ending = true;
  return in.fd && in.chunks.empty();
}

void StdinWriter::refuse(Execution& execution, int error) {
  StdinStream& in = execution.stdin_stream;
  std::lock_guard lock(in.mutex);
  in.open = false;
  for (const StdinChunk& chunk : in.chunks) execution.tenant->queue.post(written(execution, chunk, error));
  in.chunks.clear();
}

bool StdinWriter::write_some(const std::shared_ptr<Execution>& execution) {
  StdinStream& in = execution->stdin_stream;
  size_t turn = 0;
  int error = 0;
  for (;;) {
    std::lock_guard lock(in.mutex);
    if (!in.open || !in.fd) return false;
    if (in.chunks.empty()) {
      if (!in.ending) return false;
      break;
    }
    if (turn >= kBytesPerTurn) return true;
    StdinChunk& chunk = in.chunks.front();
    const size_t size = std::min(chunk.size - chunk.written, kBytesPerWrite);
    const ssize_t count = size == 0 ? 0 : sys::write(in.fd.get(), chunk.begin() + chunk.written, size);
    if (count < 0) {
      error = errno;
      if (error != EAGAIN) break;
      // The poller reports a pipe that has room already at this time.
      error = in.watched ? poller_->rearm_writer(in.fd.get(), token(*execution))
                         : poller_->add_writer(in.fd.get(), token(*execution));
      if (error != 0) break;
      in.watched = true;
      in.keep_alive = execution;
      return false;
    }
    turn += static_cast<size_t>(count);
    chunk.written += static_cast<size_t>(count);
    if (chunk.written == chunk.size) {
      execution->tenant->queue.post(written(*execution, chunk, 0));
      in.chunks.pop_front();
    }
  }
  close(*execution, error);
  return false;
}

void StdinWriter::close(Execution& execution, int error) {
  StdinStream& in = execution.stdin_stream;
  std::shared_ptr<Execution> keep_alive;
  std::lock_guard lock(in.mutex);
  if (!in.open) return;
  in.open = false;
  for (const StdinChunk& chunk : in.chunks) execution.tenant->queue.post(written(execution, chunk, error));
  in.chunks.clear();
  if (in.watched) poller_->remove_writer(in.fd.get());
  in.fd.reset();
  keep_alive = std::move(in.keep_alive);
  Event event(EventType::stdin_closed, execution.id);
  event.error = error;
  execution.tenant->queue.post(std::move(event));
}

}  // namespace lastbyte
