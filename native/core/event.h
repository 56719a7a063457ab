#pragma once

#include <sys/types.h>

#include <cstdint>

#include "slab_pool.h"

namespace lastbyte {

// Twins of the enumerations in lib/native/contract.ts.
enum class EventType : uint8_t {
  started = 1,
  start_failed = 2,
  output = 3,
  reaped = 4,
  exit = 5,
  wait = 6,
  stdin_written = 7,
  stdin_closed = 8,
  stream_end = 9,
};

enum class Cause : uint8_t { none = 0, timed_out = 1, aborted = 2, killed = 3, closed = 4 };

enum class StartStage : uint8_t {
  resources = 0,
  cwd = 1,
  program = 2,
  interpreter = 3,
  spawn = 4,
  cancelled = 5,
  // A redirection.
  stdin_stream = 6,
  stdout_stream = 7,
  stderr_stream = 8,
};

// How an execution ended. Complete in Exit; in Reaped it is what was known then.
struct Outcome {
  pid_t pid = 0;
  int code = -1;
  int signal = 0;
  int status_errno = 0;
  Cause cause = Cause::none;
  uint8_t cut = 0;  // bit 1: stdout, bit 2: stderr
  double duration_ms = 0;
  double user_ms = 0;
  double system_ms = 0;
  double max_rss_bytes = 0;
};

struct Event {
  Event(EventType what, uint64_t of) : type(what), execution(of) {}

  EventType type;
  uint8_t stream = 0;
  StartStage stage = StartStage::resources;
  int error = 0;
  uint64_t execution;
  // started: pid; wait: waiter; stdin_written: token; output in the batch's bytes: offset
  uint64_t number = 0;
  uint64_t size = 0;
  // output that is handed over as it is; null where the bytes stand in the batch
  BlockPtr block;
  // stdin_written: what the writer gave along to be released
  void* reference = nullptr;
  Outcome outcome;
};

}  // namespace lastbyte
