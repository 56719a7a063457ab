#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>

#include "poller.h"

namespace lastbyte {

namespace {

constexpr int kReadyAtOnce = 128;
constexpr uintptr_t kWakeIdent = 0;

int change(int queue, uintptr_t ident, int16_t filter, uint16_t flags, uint32_t fflags, void* token) {
  struct kevent event;
  EV_SET(&event, ident, filter, flags, fflags, 0, token);
  for (;;) {
    if (::kevent(queue, &event, 1, nullptr, 0, nullptr) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

int add(int queue, uintptr_t ident, int16_t filter, uint32_t fflags, void* token) {
  if (sys::intercept(sys::Call::poller_add)) return errno;
  return change(queue, ident, filter, EV_ADD | EV_CLEAR, fflags, token);
}

}  // namespace

int Poller::open() {
  if (sys::intercept(sys::Call::poller_open)) return errno;
  fd_ = OwnedFd(::kqueue());
  if (!fd_) return errno;
  return add(fd_.get(), kWakeIdent, EVFILT_USER, 0, nullptr);
}

int Poller::add_reader(int fd, void* token) {
  return add(fd_.get(), static_cast<uintptr_t>(fd), EVFILT_READ, 0, token);
}

int Poller::add_writer(int fd, void* token) {
  return add(fd_.get(), static_cast<uintptr_t>(fd), EVFILT_WRITE, 0, token);
}

// Adding what is there already makes the kernel look at it again.
int Poller::rearm_reader(int fd, void* token) { return add_reader(fd, token); }
int Poller::rearm_writer(int fd, void* token) { return add_writer(fd, token); }

void Poller::remove_reader(int fd) {
  change(fd_.get(), static_cast<uintptr_t>(fd), EVFILT_READ, EV_DELETE, 0, nullptr);
}

void Poller::remove_writer(int fd) {
  change(fd_.get(), static_cast<uintptr_t>(fd), EVFILT_WRITE, EV_DELETE, 0, nullptr);
}

int Poller::watch_exit(pid_t pid, int, void* token) {
  if (sys::intercept(sys::Call::poller_add)) return errno;
  return change(fd_.get(), static_cast<uintptr_t>(pid), EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, token);
}

void Poller::unwatch_exit(pid_t, int) {}  // EV_ONESHOT: it has gone with its event

void Poller::wait(int64_t timeout_ns, std::vector<Ready>* ready) {
  struct kevent events[kReadyAtOnce];
  if (sys::intercept(sys::Call::poller_wait)) return;
  timespec timeout{};
  if (timeout_ns >= 0) {
    timeout.tv_sec = static_cast<time_t>(timeout_ns / 1'000'000'000);
    timeout.tv_nsec = static_cast<long>(timeout_ns % 1'000'000'000);
  }
  const int count = ::kevent(fd_.get(), nullptr, 0, events, kReadyAtOnce, timeout_ns < 0 ? nullptr : &timeout);
  for (int i = 0; i < count; i++) {
    if (events[i].udata == nullptr) continue;
    ready->push_back({events[i].udata, (events[i].flags & EV_EOF) != 0});
  }
}

void Poller::wake() {
  sys::intercept(sys::Call::wake);
  struct kevent event;
  EV_SET(&event, kWakeIdent, EVFILT_USER, 0, NOTE_TRIGGER, 0, nullptr);
  ::kevent(fd_.get(), &event, 1, nullptr, 0, nullptr);
}

const char* Poller::exit_watch() { return "kqueue"; }

}  // namespace lastbyte
