#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "event_queue.h"
#include "owned_fd.h"
#include "spawn_request.h"
#include "timers.h"

namespace lastbyte {

class Execution;
class StreamPump;
class Tenant;

// Why a stream isn't read although bytes may be there. Bits of OutputStream::holds.
enum Hold : uint32_t { kHeldUntilStarted = 1, kHeldByConsumer = 2, kCancelled = 4 };

// One output pipe: our end of it, and how much of it the consumer still has to use up.
struct OutputStream {
  Execution* execution = nullptr;
  uint8_t number = 0;  // 1 stdout, 2 stderr
  bool piped = false;

  // Credit. Any thread.
  std::atomic<int64_t> outstanding{0};
  std::atomic<uint32_t> holds{kHeldUntilStarted};
  // The pump has stopped for want of credit or because of a hold; who takes the flag back has to tell the pump.
  std::atomic<bool> stalled{false};
  std::atomic<uint64_t> last_byte_ns{0};
  std::atomic<bool> ended{false};
  // Which pipe it is, for those who look for its holders; 0 before the start.
  std::atomic<uint64_t> inode{0};

  // The pump's thread only.
  OwnedFd fd;
  std::shared_ptr<Execution> keep_alive;
  BlockPtr filling;       // bytes of a busy stream that have been read and not yet posted
  uint64_t filling_since = 0;
  int full_reads = 0;     // in a row
  bool pipe_grown = false;

  bool readable(int64_t window) const { return holds == 0 && outstanding < window; }
};

// Bytes on their way to a child's stdin.
struct StdinChunk {
  std::string copy;            // small ones
  const char* data = nullptr;  // large ones: the writer keeps them until stdin_written
  size_t size = 0;
  size_t written = 0;
  uint64_t token = 0;
  void* reference = nullptr;

  const char* begin() const { return data != nullptr ? data : copy.data(); }
};

// The pipe to a child's stdin. All of it under its own mutex, which is held for a bounded write at the most.
struct StdinStream {
  std::mutex mutex;
  OwnedFd fd;
  std::deque<StdinChunk> chunks;
  bool open = false;    // piped, and not closed
  bool ending = false;  // close it when the chunks have been written
  bool watched = false;
  std::shared_ptr<Execution> keep_alive;  // while a poller knows it
};

// One child and all that is held for it.
class Execution : public std::enable_shared_from_this<Execution> {
 public:
  Execution(std::shared_ptr<Tenant> tenant, SpawnRequest request);

  const uint64_t id;
  const std::shared_ptr<Tenant> tenant;
  const SpawnRequest& request() const { return request_; }
  // What only the start needs isn't held for as long as the child lives. Moved out: an assigned string keeps its memory.
  void forget_start() {
    [[maybe_unused]] const StringList argv = std::move(request_.argv);
    [[maybe_unused]] const StringList environment = std::move(request_.environment);
    for (Redirection& redirection : request_.redirections) redirection = {};
  }

  OutputStream output[2];
  StreamPump* pump = nullptr;

  // Streams that haven't ended, and the leader that hasn't been reaped. Who takes the last one tells the exit pump.
  std::atomic<int> open_ends{1};
  std::atomic<uint8_t> cut{0};

  // Under `mutex`: who is there to get a signal. The exit pump takes the leader's zombie away under it, too.
  std::mutex mutex;
  enum class Stage : uint8_t { queued, spawning, running, settled } stage = Stage::queued;
  bool cancelled = false;
  std::vector<int> signals_for_start;
  pid_t pid = 0;
  OwnedFd pidfd;
  bool leader_gone = false;  // collected: the pid may be somebody else's
  Cause cause = Cause::none;
  uint64_t signals_sent = 0;  // by kill(); a bit each
  bool leave_at_exit = false;
  bool started_now = false;
  bool started_posted = false;

  StdinStream stdin_stream;
  std::atomic<uint64_t> started_ns{0};

  // The exit pump's thread only.
  std::vector<uint64_t> waiters;
  Outcome outcome;
  bool reaped = false;
  bool status_known = false;
  bool collected = false;
  bool reaped_posted = false;
  bool finished = false;
  bool cut_when_reaped = false;
  Timers::Handle ladder_timer;  // first the timeout's
  bool ladder_begun = false;
  Timers::Handle drain_timer;

  // Sends a signal to the group or the leader. Before the start: remembers it, or cancels the start if it would end a
  // process. Any thread; never waits.
  bool kill(int signal);
  // The same, and writes down why. False once settled.
  bool end(Cause why, int signal);
  // Why it has ended, where its leader was ended by `signal` (0: by itself). Under `mutex`.
  Cause cause_for(int signal) const;
  // True where the start has been cancelled: then it must not happen.
  bool begin_start();
  // The child exists: what was sent to it before goes out now.
  void child_started(pid_t child, OwnedFd child_pidfd);

  // One stream or the leader has come to its end; true for the last of them.
  bool arrive() { return open_ends.fetch_sub(1) == 1; }

 private:
  bool send(int signal);

  SpawnRequest request_;
};

}  // namespace lastbyte
