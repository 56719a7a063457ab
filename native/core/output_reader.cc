#include "output_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "exit_pump.h"

namespace lastbyte {

namespace {

// The size of a pipe unless somebody changes it: a read that fills this has emptied a full pipe.
constexpr size_t kScratchBytes = 64 * 1024;
// Up to here a copy is cheaper for the consumer than a buffer of its own.
constexpr size_t kCopyBytes = 32 * 1024;
// So many full reads in a row make a stream a busy one.
constexpr int kBusyAfter = 2;
constexpr int kBusyPipeBytes = 1024 * 1024;
// A busy stream's pipe is left alone this long after it has been emptied, so that its writer can fill it undisturbed.
constexpr int64_t kRestNs = 40'000;
// What a busy stream has gathered is posted when the slab is full, or this long after its first byte.
constexpr uint64_t kGatherNs = 1'000'000;
// What one turn may read from one stream before the others get theirs.
constexpr size_t kBytesPerTurn = 1024 * 1024;

}  // namespace

OutputReader::OutputReader(Poller* poller, ExitPump* exit_pump, PumpTurn* turn)
    : poller_(poller), exit_pump_(exit_pump), turn_(turn), scratch_(kScratchBytes) {}

bool OutputReader::stall(OutputStream& stream) {
  post_filling(stream);
  const int64_t window = stream.execution->request().window_bytes;
  stream.stalled = true;
  // Credit that came between the look and the flag: whoever gave it saw no flag.
  return stream.readable(window) && stream.stalled.exchange(false);
}

char* OutputReader::destination(OutputStream& stream, size_t* room) {
  if (stream.full_reads >= kBusyAfter && !stream.filling) {
    Block* slab = stream.execution->tenant->depot.borrow();
    stream.filling = BlockPtr(slab != nullptr ? slab : allocate_block(kSlabBytes));
    if (stream.filling) {
      stream.filling_since = sys::now_ns();
      filling_.push_back(&stream);
    }
  }
  if (stream.filling) {
    *room = stream.filling->capacity - stream.filling->size;
    return stream.filling->data + stream.filling->size;
  }
  *room = scratch_.size();
  return scratch_.data();
}

void OutputReader::read(OutputStream& stream, bool to_the_end) {
  if (stream.ended || !stream.fd) return;
  const int64_t window = stream.execution->request().window_bytes;
  size_t share = 0;
  for (;;) {
    if (!stream.readable(window)) {
      if (!stall(stream)) return;
      continue;
    }
    if (share >= kBytesPerTurn) {
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
      if (errno != EAGAIN || poller_->rearm_reader(stream.fd.get(), &stream) != 0) finish(stream, true);
      return;
    }
    const auto size = static_cast<size_t>(count);
    share += size;
    const bool gathering = to != scratch_.data();
    received(stream, size, gathering);
    if (size == wanted) continue;
    // The pipe is empty, and the poller reports what comes next, its end included.
    if (gathering) {
      resting_.push_back({stream.keep_alive, &stream});
      return;
    }
    if (!to_the_end) return;
  }
}

void OutputReader::received(OutputStream& stream, size_t size, bool into_slab) {
  stream.outstanding.fetch_add(static_cast<int64_t>(size));
  if (stream.execution->request().drain == DrainMode::idle) stream.last_byte_ns = sys::now_ns();
  if (into_slab) {
    stream.filling->size += size;
    if (stream.filling->size == stream.filling->capacity) post_filling(stream);
    return;
  }
  post_copy(stream, scratch_.data(), size);
  stream.full_reads = size >= kScratchBytes ? stream.full_reads + 1 : 0;
  if (stream.full_reads == kBusyAfter && !stream.pipe_grown) {
    stream.pipe_grown = true;
    sys::set_pipe_size(stream.fd.get(), kBusyPipeBytes);
  }
}

void OutputReader::post_copy(OutputStream& stream, const char* data, size_t size) {
  Execution& execution = *stream.execution;
  BlockPtr block(size > kCopyBytes ? allocate_block(size) : nullptr);
  if (block) {
    std::memcpy(block->data, data, size);
    block->size = size;
    post_block(stream, std::move(block));
    return;
  }
  execution.tenant->queue.post_bytes(execution.id, stream.number, data, size);
  turn_->touch(execution);
}

void OutputReader::post_block(OutputStream& stream, BlockPtr block) {
  Execution& execution = *stream.execution;
  Event event(EventType::output, execution.id);
  event.stream = stream.number;
  event.size = block->size;
  event.block = std::move(block);
  execution.tenant->queue.post(std::move(event));
  turn_->touch(execution);
}

void OutputReader::post_filling(OutputStream& stream) {
  if (!stream.filling) return;
  std::erase(filling_, &stream);
  BlockPtr block = std::move(stream.filling);
  if (block->size == 0) return;
  if (block->size >= block->capacity / 2) {
    post_block(stream, std::move(block));
    return;
  }
  // A slab that is mostly empty would hold memory that nobody counts.
  if (block->size < kScratchBytes) stream.full_reads = 0;  // it has become slow
  post_copy(stream, block->data, block->size);
}

void OutputReader::cut(OutputStream& stream) {
  if (stream.ended) return;
  post_filling(stream);
  int left = sys::bytes_available(stream.fd.get());
  for (;;) {
    // At last one look for the end: a stream that had come to it by itself doesn't count as cut.
    const size_t wanted = left > 0 ? std::min(scratch_.size(), static_cast<size_t>(left)) : 1;
    const ssize_t count = sys::read(stream.fd.get(), scratch_.data(), wanted);
    if (count == 0) {
      finish(stream, false);
      return;
    }
    if (count < 0 || left <= 0) break;
    stream.outstanding.fetch_add(count);
    post_copy(stream, scratch_.data(), static_cast<size_t>(count));
    left -= static_cast<int>(count);
  }
  finish(stream, true);
}

void OutputReader::cancel(OutputStream& stream) {
  if (stream.ended || !stream.fd) return;
  const bool dropped = drop_filling(stream);
  // One look, so that a stream that had come to its end anyway doesn't count as cut.
  const bool more = sys::read(stream.fd.get(), scratch_.data(), 1) != 0;
  finish(stream, dropped || more);
}

bool OutputReader::drop_filling(OutputStream& stream) {
  if (!stream.filling) return false;
  std::erase(filling_, &stream);
  stream.filling.reset();
  return true;
}

void OutputReader::finish(OutputStream& stream, bool was_cut) {
  post_filling(stream);
  Execution& execution = *stream.execution;
  if (was_cut) execution.cut.fetch_or(static_cast<uint8_t>(1u << (stream.number - 1)));
  const std::shared_ptr<Execution> owner = stream.keep_alive;
  close(stream);
  if (execution.request().stream_ends) {
    Event event(EventType::stream_end, execution.id);
    event.stream = stream.number;
    execution.tenant->queue.post(std::move(event));
    exit_pump_->flush_soon(execution.tenant);
  }
  if (execution.arrive()) exit_pump_->joined(owner);
}

void OutputReader::close(OutputStream& stream) {
  drop_filling(stream);
  stream.ended = true;
  if (!stream.fd) return;
  poller_->remove_reader(stream.fd.get());
  stream.fd.reset();
  turn_->keep_until_end(std::move(stream.keep_alive));
}

void OutputReader::continue_turn() {
  std::vector<Share> again = std::exchange(unfinished_, {});
  again.insert(again.end(), resting_.begin(), resting_.end());
  resting_.clear();
  for (const Share& share : again) read(*share.stream, true);
  if (filling_.empty()) return;
  const uint64_t now = sys::now_ns();
  for (size_t i = filling_.size(); i-- > 0;) {
    if (filling_[i]->filling_since + kGatherNs <= now) post_filling(*filling_[i]);
  }
}

int64_t OutputReader::patience() const {
  if (!unfinished_.empty() || !resting_.empty()) return 0;
  return filling_.empty() ? -1 : static_cast<int64_t>(kGatherNs);
}

int64_t OutputReader::rest() const { return unfinished_.empty() && !resting_.empty() ? kRestNs : 0; }

}  // namespace lastbyte
