#pragma once

#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "faults.h"

// The only door to the operating system. Each function returns what the call does, with errno set, and repeats it
// where a signal handler of the host interrupted it. Tests reach through it with the hooks of faults.h.
namespace lastbyte::sys {

// Both ends close-on-exec and numbered above 2, so that they can't collide with the child's own 0, 1 and 2.
int make_pipe(int ends[2]);
int set_nonblocking(int fd);
// A duplicate, close-on-exec and numbered above 2.
int duplicate(int fd);
// A file to redirect a child's stream to, or stdin from; created with mode 0666 as far as the umask lets it. Close-on-exec
// and numbered above 2. Opening never waits: not for the other side of a FIFO (ENXIO where nobody reads one).
enum class OpenFor { reading, writing, appending };
int open_file(const char* path, OpenFor purpose);
// Asks for a larger pipe; the kernel may refuse (pipe-user-pages-soft).
int set_pipe_size(int fd, int bytes);
int bytes_available(int fd);
ssize_t read(int fd, void* to, size_t size);
ssize_t write(int fd, const void* from, size_t size);
void close(int fd);

int stat(const char* path, struct stat* out);
// The inode of what is open there; 0 where that can't be known.
uint64_t inode_of(int fd);
bool may_execute(const char* path);

// posix_spawn: 0 or an errno.
int spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes,
          char* const argv[], char* const envp[]);

// -1 with ENOSYS where the system has no pidfds.
int pidfd_open(pid_t pid);
int pidfd_send_signal(int pidfd, int signal);
int kill(pid_t pid, int signal);

struct ChildStatus {
  bool exited = false;
  int code = -1;   // -1 where a signal ended it
  int signal = 0;  // 0 where it exited
  rusage usage{};
};

// Reads the status of our own child if it has ended, and leaves it a zombie: its pid, and so its group's id, can't be
// used again until collect(). 0, or -1 with errno (ECHILD: somebody else took it, or SIGCHLD is ignored).
// By the pidfd where there is one (else -1): that can't be another child, even where the host reaps what isn't its own.
int peek(pid_t pid, int pidfd, ChildStatus* out);
int collect(pid_t pid, int pidfd, ChildStatus* out);

// Starts a thread with all signals blocked: handlers of the host never run on the engine's threads. 0 or an errno.
int start_thread(pthread_t* thread, void* (*body)(void*), void* argument, const char* name);

uint64_t now_ns();
// Sleeps; not at all for 0.
void rest(int64_t ns);
// Lets the calling thread's short sleeps be as short as they are meant (by default Linux adds up to 50 us).
void shorten_timer_slack();

}  // namespace lastbyte::sys
