#include "stream_pump.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "exit_pump.h"
#include "tenant.h"

namespace lastbyte {

namespace {

// The size of a pipe unless somebody changes it: a read that fills this has emptied a full pipe.
constexpr size_t kScratchBytes = 64 * 1024;
// Up to here a copy is cheaper for the consumer than a buffer of its own.
constexpr size_t kCopyBytes = 32 * 1024;
// So many full reads in a row make a stream a busy one: a larger pipe, fewer and larger chunks.
constexpr int kBusyAfter = 2;
constexpr int kBusyPipeBytes = 1024 * 1024;
// A busy stream's chunk is posted when it is full, or this long after its first byte.
constexpr uint64_t kFillingNs = 1'000'000;
// What one turn may read from one stream before the others get theirs.
constexpr size_t kBytesPerTurn = 1024 * 1024;

}  // namespace

StreamPump::StreamPump(ExitPump* exit_pump)
    : exit_pump_(exit_pump), inbox_(&poller_), stdin_writer_(&poller_), scratch_(kScratchBytes) {}

int StreamPump::start() {
  int error = poller_.open();
  if (error != 0) return error;
  error = sys::start_thread(
      &thread_,
      [](void* self) -> void* {
        static_cast<StreamPump*>(self)->run();
        return nullptr;
      },
      this, "lastbyte-stream");
  running_ = error == 0;
  return error;
}

void StreamPump::stop() {
  if (!running_) return;
  stopping_ = true;
  poller_.wake();
  pthread_join(thread_, nullptr);
  running_ = false;
}

int StreamPump::adopt(Execution& execution, OwnedFd* out, OwnedFd* err) {
  OwnedFd* const ends[2] = {out, err};
  for (int i = 0; i < 2; i++) {
    OutputStream& stream = execution.output[i];
    if (!stream.piped) continue;
    const int error = poller_.add_reader(ends[i]->get(), &stream);
    if (error != 0) {
      if (i == 1 && execution.output[0].piped) poller_.remove_reader(out->get());
      return error;
    }
  }
  for (int i = 0; i < 2; i++) {
    if (!execution.output[i].piped) continue;
    execution.output[i].keep_alive = execution.shared_from_this();
    execution.output[i].fd = std::move(*ends[i]);
  }
  return 0;
}

void StreamPump::discard(std::shared_ptr<Execution> execution, int error, StartStage stage) {
  inbox_.post({.kind = Kind::discard, .execution = std::move(execution), .error = error, .stage = stage});
}

void StreamPump::open(const std::shared_ptr<Execution>& execution, OwnedFd in) {
  for (OutputStream& stream : execution->output) {
    if (!stream.piped) continue;
    const uint32_t before = stream.holds.fetch_and(~kHeldUntilStarted);
    if ((before & kCancelled) != 0) {
      inbox_.post({.kind = Kind::cancel, .execution = execution, .stream = stream.number});
    } else {
      resume_if_stalled(*execution, stream);
    }
  }
  if (!in) return;
  StdinStream& stdin_stream = execution->stdin_stream;
  bool pending = false;
  {
    std::lock_guard lock(stdin_stream.mutex);
    stdin_stream.fd = std::move(in);
    pending = stdin_stream.ending || !stdin_stream.chunks.empty();
  }
  if (pending) inbox_.post({.kind = Kind::write_stdin, .execution = execution});
}

void StreamPump::resume_if_stalled(Execution& execution, OutputStream& stream) {
  if (!stream.stalled.exchange(false)) return;
  inbox_.post({.kind = Kind::resume, .execution = execution.shared_from_this(), .stream = stream.number});
}

void StreamPump::grant(Execution& execution, int stream, int64_t bytes) {
  OutputStream& output = execution.output[stream - 1];
  output.outstanding.fetch_sub(bytes);
  resume_if_stalled(execution, output);
}

void StreamPump::hold(Execution& execution, int stream, bool held) {
  OutputStream& output = execution.output[stream - 1];
  if (held) {
    output.holds.fetch_or(kHeldByConsumer);
    return;
  }
  output.holds.fetch_and(~kHeldByConsumer);
  resume_if_stalled(execution, output);
}

void StreamPump::cut(std::shared_ptr<Execution> execution, int stream) {
  inbox_.post({.kind = Kind::cut, .execution = std::move(execution), .stream = stream});
}

void StreamPump::cancel(std::shared_ptr<Execution> execution, int stream) {
  const uint32_t before = execution->output[stream - 1].holds.fetch_or(kCancelled);
  if ((before & (kHeldUntilStarted | kCancelled)) != 0) return;
  inbox_.post({.kind = Kind::cancel, .execution = std::move(execution), .stream = stream});
}

void StreamPump::write(const std::shared_ptr<Execution>& execution, StdinChunk chunk) {
  if (StdinWriter::enqueue(*execution, std::move(chunk))) {
    inbox_.post({.kind = Kind::write_stdin, .execution = execution});
  }
}

void StreamPump::end_stdin(const std::shared_ptr<Execution>& execution) {
  if (StdinWriter::end(*execution)) inbox_.post({.kind = Kind::write_stdin, .execution = execution});
}

void StreamPump::close_stdin(std::shared_ptr<Execution> execution) {
  inbox_.post({.kind = Kind::close_stdin, .execution = std::move(execution)});
}

void StreamPump::forget(std::shared_ptr<Execution> execution) {
  inbox_.post({.kind = Kind::forget, .execution = std::move(execution)});
}

void StreamPump::run() {
  std::vector<Poller::Ready> ready;
  std::vector<Command> commands;
  std::vector<Unfinished> again;
  while (!stopping_) {
    ready.clear();
    poller_.wait(timeout(), &ready);
    inbox_.take(&commands);
    for (const Command& command : commands) carry_out(command);
    commands.clear();
    for (const Poller::Ready& one : ready) {
      if (Execution* execution = StdinWriter::from_token(one.token)) {
        write_stdin(execution->shared_from_this());
      } else {
        read(*static_cast<OutputStream*>(one.token), one.hangup);
      }
    }
    std::swap(again, unfinished_);
    for (const Unfinished& one : again) {
      if (one.stream == nullptr) write_stdin(one.execution);
      else read(*one.stream, true);
    }
    again.clear();
    if (!filling_.empty()) post_overdue(sys::now_ns());
    flush_touched();
    graveyard_.clear();
  }
  // Executions that are left running: their pipes are closed even so.
  inbox_.take(&commands);
  for (const Command& command : commands) carry_out(command);
}

int64_t StreamPump::timeout() const {
  if (!unfinished_.empty()) return 0;
  return filling_.empty() ? -1 : static_cast<int64_t>(kFillingNs);
}

void StreamPump::carry_out(const Command& command) {
  Execution& execution = *command.execution;
  OutputStream* stream = command.stream > 0 ? &execution.output[command.stream - 1] : nullptr;
  switch (command.kind) {
    case Kind::resume:
      read(*stream, true);
      break;
    case Kind::cut:
      if (!stream->ended) read_what_is_there(*stream);
      break;
    case Kind::cancel:
      if (!stream->ended && stream->fd) {
        stream->filling.reset();
        // One look, so that a stream that had come to its end anyway doesn't count as cut.
        finish(*stream, sys::read(stream->fd.get(), scratch_.data(), 1) != 0);
      }
      break;
    case Kind::discard:
      for (OutputStream& output : execution.output) close_pipe(output);
      exit_pump_->start_failed(command.execution, command.error, command.stage);
      break;
    case Kind::write_stdin:
      write_stdin(command.execution);
      break;
    case Kind::close_stdin:
      stdin_writer_.close(execution, EPIPE);
      exit_pump_->stdin_closed(command.execution);
      break;
    case Kind::forget:
      for (OutputStream& output : execution.output) close_pipe(output);
      stdin_writer_.close(execution, EPIPE);
      break;
  }
}

bool StreamPump::stall(OutputStream& stream) {
  post_filling(stream);
  const int64_t window = stream.execution->request().window_bytes;
  stream.stalled = true;
  // Credit that came between the look and the flag: whoever gave it saw no flag.
  return stream.readable(window) && stream.stalled.exchange(false);
}

char* StreamPump::destination(OutputStream& stream, size_t* room) {
  if (stream.full_reads >= kBusyAfter) {
    if (!stream.filling) {
      stream.filling = BlockPtr(allocate_block(kSlabBytes));
      if (stream.filling) {
        stream.filling_since = sys::now_ns();
        filling_.push_back(&stream);
      }
    }
    if (stream.filling) {
      *room = stream.filling->capacity - stream.filling->size;
      return stream.filling->data + stream.filling->size;
    }
  }
  *room = scratch_.size();
  return scratch_.data();
}

void StreamPump::read(OutputStream& stream, bool hangup) {
  if (stream.ended || !stream.fd) return;
  const int64_t window = stream.execution->request().window_bytes;
  size_t turn = 0;
  for (;;) {
    if (!stream.readable(window)) {
      if (!stall(stream)) return;
      continue;
    }
    if (turn >= kBytesPerTurn) {
      unfinished_.push_back({stream.keep_alive, &stream});
      return;
    }
    size_t room = 0;
    char* const to = destination(stream, &room);
    const size_t wanted = std::min(room, static_cast<size_t>(window - stream.outstanding));
    const ssize_t count = sys::read(stream.fd.get(), to, wanted);
    if (count == 0) {
      finish(stream, false);
      return;
    }
    if (count < 0) {
      // A pipe can't fail to be read; if it does, its output isn't complete.
      if (errno != EAGAIN) finish(stream, true);
      return;
    }
    const auto size = static_cast<size_t>(count);
    turn += size;
    received(stream, size, to != scratch_.data());
    // Less than there was room for: the pipe is empty, and the poller reports what comes next, the end included.
    // With the hangup already reported nothing more is: read on to the end.
    if (size < wanted && !hangup) return;
  }
}

void StreamPump::received(OutputStream& stream, size_t size, bool into_block) {
  stream.outstanding.fetch_add(static_cast<int64_t>(size));
  if (stream.execution->request().drain == DrainMode::idle) stream.last_byte_ns = sys::now_ns();
  if (into_block) {
    stream.filling->size += size;
    if (stream.filling->size == stream.filling->capacity) post_filling(stream);
    return;
  }
  post(stream, scratch_.data(), size);
  stream.full_reads = size >= kScratchBytes ? stream.full_reads + 1 : 0;
  if (stream.full_reads == kBusyAfter && !stream.pipe_grown) {
    stream.pipe_grown = true;
    sys::set_pipe_size(stream.fd.get(), kBusyPipeBytes);
  }
}

void StreamPump::post(OutputStream& stream, const char* data, size_t size) {
  Execution& execution = *stream.execution;
  Block* block = size > kCopyBytes ? allocate_block(size) : nullptr;
  if (block == nullptr) {
    execution.tenant->queue.post_bytes(execution.id, stream.number, data, size);
  } else {
    std::memcpy(block->data, data, size);
    block->size = size;
    post_block(stream, BlockPtr(block));
  }
  touched(execution);
}

void StreamPump::post_block(OutputStream& stream, BlockPtr block) {
  Execution& execution = *stream.execution;
  Event event(EventType::output, execution.id);
  event.stream = stream.number;
  event.size = block->size;
  event.block = std::move(block);
  execution.tenant->queue.post(std::move(event));
}

void StreamPump::post_filling(OutputStream& stream) {
  if (!stream.filling) return;
  std::erase(filling_, &stream);
  BlockPtr block = std::move(stream.filling);
  if (block->size == 0) return;
  // A slab that is mostly empty would hold memory that nobody counts.
  if (block->size < block->capacity / 2) {
    // The stream has become slow: small chunks at once again.
    if (block->size < kScratchBytes) stream.full_reads = 0;
    post(stream, block->data, block->size);
    return;
  }
  post_block(stream, std::move(block));
  touched(*stream.execution);
}

void StreamPump::post_overdue(uint64_t now) {
  for (size_t i = filling_.size(); i-- > 0;) {
    if (filling_[i]->filling_since + kFillingNs <= now) post_filling(*filling_[i]);
  }
}

void StreamPump::read_what_is_there(OutputStream& stream) {
  // What has been written by now belongs to the consumer, whatever its credit; what comes later doesn't.
  post_filling(stream);
  stream.full_reads = 0;
  int left = sys::bytes_available(stream.fd.get());
  for (;;) {
    const size_t wanted = left > 0 ? std::min(scratch_.size(), static_cast<size_t>(left)) : 1;
    const ssize_t count = sys::read(stream.fd.get(), scratch_.data(), wanted);
    if (count == 0) {
      finish(stream, false);
      return;
    }
    if (count < 0 || left <= 0) break;
    stream.outstanding.fetch_add(count);
    post(stream, scratch_.data(), static_cast<size_t>(count));
    left -= static_cast<int>(count);
  }
  finish(stream, true);
}

void StreamPump::finish(OutputStream& stream, bool was_cut) {
  post_filling(stream);
  Execution& execution = *stream.execution;
  if (was_cut) execution.cut.fetch_or(static_cast<uint8_t>(1u << (stream.number - 1)));
  const std::shared_ptr<Execution> owner = stream.keep_alive;
  close_pipe(stream);
  if (execution.request().stream_ends) {
    Event event(EventType::stream_end, execution.id);
    event.stream = stream.number;
    execution.tenant->queue.post(std::move(event));
    exit_pump_->flush_soon(execution.tenant);
  }
  if (execution.arrive()) exit_pump_->joined(owner);
}

void StreamPump::close_pipe(OutputStream& stream) {
  if (stream.filling) {
    std::erase(filling_, &stream);
    stream.filling.reset();
  }
  stream.ended = true;
  if (!stream.fd) return;
  poller_.remove_reader(stream.fd.get());
  stream.fd.reset();
  graveyard_.push_back(std::move(stream.keep_alive));
}

void StreamPump::touched(Execution& execution) {
  for (const auto& tenant : touched_) {
    if (tenant == execution.tenant) return;
  }
  touched_.push_back(execution.tenant);
}

void StreamPump::flush_touched() {
  for (const auto& tenant : touched_) tenant->queue.flush();
  touched_.clear();
}

void StreamPump::write_stdin(const std::shared_ptr<Execution>& execution) {
  if (stdin_writer_.write_some(execution)) unfinished_.push_back({execution, nullptr});
  touched(*execution);
}

}  // namespace lastbyte
