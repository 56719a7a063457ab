#pragma once

#include <pthread.h>

#include <atomic>
#include <memory>
#include <vector>

#include "execution.h"
#include "inbox.h"
#include "output_reader.h"
#include "poller.h"
#include "pump_turn.h"
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

  // The launcher's side, in this order. adopt: takes the pipes, reads nothing yet; 0, or an errno and has closed them.
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
  // The engine lets go of this execution: its pipes are closed, nothing is reported, then it is the exit pump's orphan.
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
  void run();
  void carry_out(const Command& command);
  void resume_if_stalled(Execution& execution, OutputStream& stream);
  void write_stdin(const std::shared_ptr<Execution>& execution);
  int64_t timeout() const;

  ExitPump* exit_pump_;
  Poller poller_;
  Inbox<Command> inbox_;
  pthread_t thread_{};
  bool running_ = false;
  std::atomic<bool> stopping_{false};

  // This thread only.
  PumpTurn turn_;
  OutputReader reader_;
  StdinWriter writer_;
  std::vector<std::shared_ptr<Execution>> unwritten_;  // had more for stdin than fits into one turn
};

}  // namespace lastbyte
