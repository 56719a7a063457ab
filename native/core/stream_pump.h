#pragma once

#include <pthread.h>

#include <atomic>
#include <memory>
#include <vector>

#include "execution.h"
#include "inbox.h"
#include "poller.h"
#include "stdin_writer.h"

namespace lastbyte {

class ExitPump;
class Tenant;

// One thread that moves bytes for many children: their output into their environments' queues, within each stream's
// credit, and what is written for them into their stdin.
class StreamPump {
 public:
  explicit StreamPump(ExitPump* exit_pump);
  StreamPump(const StreamPump&) = delete;
  StreamPump& operator=(const StreamPump&) = delete;

  // 0 or an errno.
  int start();
  void stop();

  // The launcher's side, in this order. adopt: takes the pipes, reads nothing yet; 0, or an errno and takes nothing.
  int adopt(Execution& execution, OwnedFd* out, OwnedFd* err);
  // The start failed: closes the pipes, then reports it to the exit pump.
  void discard(std::shared_ptr<Execution> execution, int error, StartStage stage);
  // Started has been posted: output may follow.
  void open(const std::shared_ptr<Execution>& execution, OwnedFd in);

  // Any thread. The consumer has used up bytes, holds the stream, or lets it go.
  void grant(Execution& execution, int stream, int64_t bytes);
  void hold(Execution& execution, int stream, bool held);
  // Ends a stream: what is in its pipe at that moment is delivered first (cut), or isn't wanted any more (cancel).
  void cut(std::shared_ptr<Execution> execution, int stream);
  void cancel(std::shared_ptr<Execution> execution, int stream);

  void write(const std::shared_ptr<Execution>& execution, StdinChunk chunk);
  void end_stdin(const std::shared_ptr<Execution>& execution);
  // Nobody will read stdin any more: closes it, then reports that to the exit pump.
  void close_stdin(std::shared_ptr<Execution> execution);
  // The engine doesn't know this execution any more: its pipes are closed and nothing is reported.
  void forget(std::shared_ptr<Execution> execution);

 private:
  enum class Kind : uint8_t { resume, cut, cancel, discard, write_stdin, close_stdin, forget };
  struct Command {
    Kind kind;
    std::shared_ptr<Execution> execution;
    int stream = 0;
    int error = 0;
    StartStage stage = StartStage::spawn;
  };
  struct Unfinished {
    std::shared_ptr<Execution> execution;
    OutputStream* stream;  // null: stdin
  };

  void run();
  void carry_out(const Command& command);
  void resume_if_stalled(Execution& execution, OutputStream& stream);
  int64_t timeout() const;

  // Output.
  void read(OutputStream& stream, bool hangup);
  bool stall(OutputStream& stream);
  char* destination(OutputStream& stream, size_t* room);
  void received(OutputStream& stream, size_t size, bool into_block);
  void post(OutputStream& stream, const char* data, size_t size);
  void post_block(OutputStream& stream, BlockPtr block);
  void post_filling(OutputStream& stream);
  void post_overdue(uint64_t now);
  void read_what_is_there(OutputStream& stream);
  void finish(OutputStream& stream, bool was_cut);
  void close_pipe(OutputStream& stream);
  void touched(Execution& execution);
  void flush_touched();

  void write_stdin(const std::shared_ptr<Execution>& execution);

  ExitPump* exit_pump_;
  Poller poller_;
  Inbox<Command> inbox_;
  StdinWriter stdin_writer_;
  pthread_t thread_{};
  bool running_ = false;
  std::atomic<bool> stopping_{false};

  // This thread only.
  std::vector<char> scratch_;
  std::vector<Unfinished> unfinished_;         // had more to do than fits into one turn
  std::vector<OutputStream*> filling_;         // hold bytes that have not been posted
  std::vector<std::shared_ptr<Tenant>> touched_;
  // A poller's answer may name a stream that an earlier part of the same answer has ended.
  std::vector<std::shared_ptr<Execution>> graveyard_;
};

}  // namespace lastbyte
