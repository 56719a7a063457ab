#include "syscalls.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

namespace lastbyte::sys {

namespace {

// intercept() inside the loop: a test's EINTR must be survived like the kernel's.
template <typename Attempt>
auto retry(Call call, size_t* size, Attempt attempt) -> decltype(attempt()) {
  for (;;) {
    const auto result = intercept(call, size) ? decltype(attempt())(-1) : attempt();
    if (result != -1 || errno != EINTR) return result;
  }
}

int move_above_stdio(int fd) {
  if (fd > 2) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  const int error = errno;
  ::close(fd);
  errno = error;
  return moved;
}

int open_pipe(int ends[2]) {
#ifdef __linux__
  return ::pipe2(ends, O_CLOEXEC);
#else
  if (::pipe(ends) != 0) return -1;
  ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  ::fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

void decode(const siginfo_t& info, ChildStatus* out) {
  if (info.si_code == CLD_EXITED) {
    out->code = info.si_status & 0xff;
    out->signal = 0;
  } else {
    out->code = -1;
    out->signal = info.si_status;
  }
}

}  // namespace

int make_pipe(int ends[2]) {
  if (retry(Call::pipe, nullptr, [&] { return open_pipe(ends); }) != 0) return -1;
  for (int i = 0; i < 2; i++) {
    ends[i] = move_above_stdio(ends[i]);
    if (ends[i] < 0) {
      const int error = errno;
      ::close(ends[1 - i]);
      errno = error;
      return -1;
    }
  }
  return 0;
}

int set_nonblocking(int fd) {
  return retry(Call::fcntl, nullptr, [&] { return ::fcntl(fd, F_SETFL, O_NONBLOCK); });
}

int duplicate(int fd) {
  return retry(Call::fcntl, nullptr, [&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, 3); });
}

int open_file(const char* path, OpenFor purpose) {
  const int how = purpose == OpenFor::reading   ? O_RDONLY
                  : purpose == OpenFor::writing ? O_WRONLY | O_CREAT | O_TRUNC
                                                : O_WRONLY | O_CREAT | O_APPEND;
  int fd = retry(Call::open, nullptr,
                 [&] { return ::open(path, how | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, static_cast<mode_t>(0666)); });
  if (fd >= 0) fd = move_above_stdio(fd);
  if (fd < 0) return -1;
  // The flag belongs to the open file description, and a child's streams block.
  const int flags = purpose == OpenFor::appending ? O_APPEND : 0;
  if (retry(Call::fcntl, nullptr, [&] { return ::fcntl(fd, F_SETFL, flags); }) == 0) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

int set_pipe_size(int fd, int bytes) {
#ifdef F_SETPIPE_SZ
  return retry(Call::fcntl, nullptr, [&] { return ::fcntl(fd, F_SETPIPE_SZ, bytes); });
#else
  (void)fd;
  (void)bytes;
  errno = ENOSYS;
  return -1;
#endif
}

int bytes_available(int fd) {
  int bytes = 0;
  if (retry(Call::ioctl, nullptr, [&] { return ::ioctl(fd, FIONREAD, &bytes); }) != 0) return -1;
  return bytes;
}

ssize_t read(int fd, void* to, size_t size) {
  return retry(Call::read, &size, [&] { return ::read(fd, to, size); });
}

ssize_t write(int fd, const void* from, size_t size) {
  return retry(Call::write, &size, [&] { return ::write(fd, from, size); });
}

void close(int fd) {
  // The descriptor is gone whatever close() says, EINTR included (close(2)): never repeat it.
  const int error = errno;
  intercept(Call::close);
  ::close(fd);
  errno = error;
}

int stat(const char* path, struct stat* out) {
  return retry(Call::stat, nullptr, [&] { return ::stat(path, out); });
}

uint64_t inode_of(int fd) {
  struct stat info{};
  return retry(Call::stat, nullptr, [&] { return ::fstat(fd, &info); }) == 0 ? info.st_ino : 0;
}

bool may_execute(const char* path) {
  return retry(Call::access, nullptr, [&] { return ::access(path, X_OK); }) == 0;
}

int spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions, const posix_spawnattr_t* attributes,
          char* const argv[], char* const envp[]) {
  if (intercept(Call::posix_spawn)) return errno;
  return ::posix_spawn(pid, path, actions, attributes, argv, envp);
}

int pidfd_open(pid_t pid) {
#ifdef SYS_pidfd_open
  return retry(Call::pidfd_open, nullptr, [&] { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); });
#else
  (void)pid;
  errno = ENOSYS;
  return -1;
#endif
}

int pidfd_send_signal(int pidfd, int signal) {
#ifdef SYS_pidfd_send_signal
  return retry(Call::pidfd_send_signal, nullptr,
               [&] { return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0)); });
#else
  (void)pidfd;
  (void)signal;
  errno = ENOSYS;
  return -1;
#endif
}

int kill(pid_t pid, int signal) {
  return retry(Call::kill, nullptr, [&] { return ::kill(pid, signal); });
}

namespace {

int wait_for(pid_t pid, [[maybe_unused]] int pidfd, int flags, ChildStatus* out) {
  siginfo_t info{};
  const int result = retry(Call::waitid, nullptr, [&] {
    info.si_pid = 0;
#ifdef __linux__
    // The raw call fills in the usage as well, which the library's waitid() doesn't.
    const auto wait = [&](int what, int id) {
      return static_cast<int>(::syscall(SYS_waitid, what, id, &info, WEXITED | WNOHANG | flags, &out->usage));
    };
    constexpr int kPidfd = 3;  // P_PIDFD, which older headers don't have; EINVAL before Linux 5.4
    if (pidfd >= 0) {
      const int by_pidfd = wait(kPidfd, pidfd);
      if (by_pidfd == 0 || errno != EINVAL) return by_pidfd;
    }
    return wait(P_PID, pid);
#else
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | flags);
#endif
  });
  if (result != 0) return -1;
  out->exited = info.si_pid != 0;
  if (out->exited) decode(info, out);
  return 0;
}

}  // namespace

int peek(pid_t pid, int pidfd, ChildStatus* out) { return wait_for(pid, pidfd, WNOWAIT, out); }

int collect(pid_t pid, [[maybe_unused]] int pidfd, ChildStatus* out) {
#ifdef __linux__
  return wait_for(pid, pidfd, 0, out);
#else
  int status = 0;
  const pid_t result = retry(Call::waitid, nullptr, [&] { return ::wait4(pid, &status, WNOHANG, &out->usage); });
  if (result < 0) return -1;
  out->exited = result == pid;
  if (out->exited) {
    out->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  return 0;
#endif
}

int start_thread(pthread_t* thread, void* (*body)(void*), void* argument, const char* name) {
  if (intercept(Call::thread_create)) return errno;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(thread, nullptr, body, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
#ifdef __linux__
  if (error == 0) pthread_setname_np(*thread, name);
#else
  (void)name;
#endif
  return error;
}

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec) +
         clock_offset();
}

void rest(int64_t ns) {
  if (ns <= 0) return;
  const timespec time{.tv_sec = static_cast<time_t>(ns / 1'000'000'000), .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
  nanosleep(&time, nullptr);
}

void shorten_timer_slack() {
#ifdef __linux__
  ::prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
#endif
}

}  // namespace lastbyte::sys
