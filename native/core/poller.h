#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "owned_fd.h"

namespace lastbyte {

// Waits for many descriptors and children at once: epoll on Linux, kqueue on macOS. Edge-triggered: a descriptor is
// reported when something new has happened to it. add, remove and wake may be called from any thread.
class Poller {
 public:
  struct Ready {
    void* token;
    // The other side has gone: what can be read now is the last.
    bool hangup;
  };

  // 0 or an errno, like all of these.
  int open();
  int add_reader(int fd, void* token);
  int add_writer(int fd, void* token);
  // After EAGAIN: reports what has happened since the last report, however little.
  int rearm_reader(int fd, void* token);
  int rearm_writer(int fd, void* token);
  // Before the descriptor is closed: a child between fork and exec may still hold a copy of it, and then the kernel
  // keeps reporting it.
  void remove_reader(int fd);
  void remove_writer(int fd);

  // Reports `token` when the child has exited. ENOSYS where the system can't (no pidfd).
  int watch_exit(pid_t pid, int pidfd, void* token);
  void unwatch_exit(pid_t pid, int pidfd);

  // Waits for at most `timeout_ns` (negative: for ever) and appends what is ready.
  void wait(int64_t timeout_ns, std::vector<Ready>* ready);
  // Ends one wait(), the current or the next.
  void wake();

  static const char* exit_watch();

 private:
  OwnedFd fd_;
  OwnedFd wake_fd_;
};

}  // namespace lastbyte
