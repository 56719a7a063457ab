#pragma once

#include <memory>

#include "execution.h"
#include "poller.h"

namespace lastbyte {

// Moves queued bytes into children's stdin pipes, and closes them: at their end (half-close), when the child has closed
// its own side, or when the execution is over. Used by one stream pump, on its thread.
class StdinWriter {
 public:
  explicit StdinWriter(Poller* poller) : poller_(poller) {}

  // Any thread. True where the writing thread has to be told.
  static bool enqueue(Execution& execution, StdinChunk chunk);
  static bool end(Execution& execution);
  // The child was never started: fails what was queued for it.
  static void refuse(Execution& execution, int error);

  // Writes until the pipe is full, everything is written, or the turn is over (true: there is more to do).
  bool write_some(const std::shared_ptr<Execution>& execution);
  // Closes the pipe; what was queued fails with `error`, or has been written where `error` is 0.
  void close(Execution& execution, int error);

  // The poller's token of an execution's stdin, told apart from a stream's by its lowest bit.
  static void* token(Execution& execution) { return reinterpret_cast<char*>(&execution) + 1; }
  static Execution* from_token(void* token) {
    const auto bits = reinterpret_cast<uintptr_t>(token);
    return (bits & 1) != 0 ? reinterpret_cast<Execution*>(bits - 1) : nullptr;
  }

 private:
  Poller* poller_;
};

}  // namespace lastbyte
