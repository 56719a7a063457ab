#include "stream_pump.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "exit_pump.h"
#include "tenant.h"

namespace lastbyte {

StreamPump::StreamPump(ExitPump* exit_pump)
    : exit_pump_(exit_pump), inbox_(&poller_), reader_(&poller_, exit_pump, &turn_), writer_(&poller_) {}

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
  int error = 0;
  for (int i = 0; i < 2 && error == 0; i++) {
    OutputStream& stream = execution.output[i];
    if (!stream.piped) continue;
    // Whole before the poller knows it: from there on this pump's thread may look at it.
    stream.keep_alive = execution.shared_from_this();
    stream.fd = std::move(*ends[i]);
    stream.inode = sys::inode_of(stream.fd.get());
    error = poller_.add_reader(stream.fd.get(), &stream);
  }
  if (error == 0) return 0;
  // Nobody has the other ends but the launcher, so nothing has been reported of these.
  for (OutputStream& stream : execution.output) {
    if (!stream.fd) continue;
    poller_.remove_reader(stream.fd.get());
    stream.fd.reset();
    stream.keep_alive.reset();
  }
  return error;
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
    if (!stdin_stream.open) return;  // forgotten meanwhile
    stdin_stream.fd = std::move(in);
    pending = stdin_stream.ending || !stdin_stream.chunks.empty();
  }
  if (pending) inbox_.post({.kind = Kind::write_stdin, .execution = execution});
}

void StreamPump::resume_if_stalled(Execution& execution, OutputStream& stream) {
  // Before the flag goes: the silence until here was the consumer's, not the writer's (Drain::check_idle).
  if (execution.request().drain == DrainMode::idle && stream.stalled) stream.last_byte_ns = sys::now_ns();
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
  sys::shorten_timer_slack();
  while (!stopping_) {
    ready.clear();
    sys::rest(reader_.rest());
    poller_.wait(timeout(), &ready);
    inbox_.take(&commands);
    for (const Command& command : commands) carry_out(command);
    for (const Poller::Ready& one : ready) {
      if (Execution* execution = StdinWriter::from_token(one.token)) {
        write_stdin(execution->shared_from_this());
      } else {
        reader_.read(*static_cast<OutputStream*>(one.token), one.hangup);
      }
    }
    reader_.continue_turn();
    for (const auto& execution : std::exchange(unwritten_, {})) write_stdin(execution);
    turn_.end();
    // Not before: the poller may name an execution's stdin that one of these has closed.
    commands.clear();
  }
  // Executions that are left running: their pipes are closed even so.
  inbox_.take(&commands);
  for (const Command& command : commands) carry_out(command);
  turn_.end();
}

void StreamPump::carry_out(const Command& command) {
  Execution& execution = *command.execution;
  OutputStream* stream = command.stream > 0 ? &execution.output[command.stream - 1] : nullptr;
  switch (command.kind) {
    case Kind::resume:
      reader_.read(*stream, true);
      break;
    case Kind::cut:
      reader_.cut(*stream);
      break;
    case Kind::cancel:
      reader_.cancel(*stream);
      break;
    case Kind::discard:
      for (OutputStream& output : execution.output) reader_.close(output);
      exit_pump_->start_failed(command.execution, command.error, command.stage);
      break;
    case Kind::write_stdin:
      write_stdin(command.execution);
      break;
    case Kind::close_stdin:
      writer_.close(execution, EPIPE);
      exit_pump_->stdin_closed(command.execution);
      break;
    case Kind::forget:
      for (OutputStream& output : execution.output) reader_.close(output);
      writer_.close(execution, EPIPE);
      // Only now: the consumer's memory, which bytes went into and came from, isn't touched any more.
      exit_pump_->orphan(command.execution);
      break;
  }
}

int64_t StreamPump::timeout() const {
  if (!unwritten_.empty()) return 0;
  const int64_t reader = reader_.patience();
  const int64_t wake = turn_.due();
  return reader < 0 || wake < 0 ? std::max(reader, wake) : std::min(reader, wake);
}

void StreamPump::write_stdin(const std::shared_ptr<Execution>& execution) {
  if (writer_.write_some(execution)) unwritten_.push_back(execution);
  turn_.touch(*execution);
}

}  // namespace lastbyte
