#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "poller.h"

namespace lastbyte {

namespace {

constexpr int kReadyAtOnce = 128;

int control(int epoll, int operation, int fd, uint32_t events, void* token) {
  epoll_event event{};
  event.events = events | EPOLLET;
  event.data.ptr = token;
  if (sys::intercept(sys::Call::poller_add)) return errno;
  return ::epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : errno;
}

int add(int epoll, int fd, uint32_t events, void* token) { return control(epoll, EPOLL_CTL_ADD, fd, events, token); }
int rearm(int epoll, int fd, uint32_t events, void* token) { return control(epoll, EPOLL_CTL_MOD, fd, events, token); }

void remove(int epoll, int fd) {
  epoll_event unused{};
  ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &unused);
}

// Whole milliseconds, rounded up, so that a timer that has to fire does.
int milliseconds(int64_t timeout_ns) {
  if (timeout_ns < 0) return -1;
  const int64_t rounded = (timeout_ns + 999'999) / 1'000'000;
  return rounded > 60'000 ? 60'000 : static_cast<int>(rounded);
}

// epoll_wait(2) counts in milliseconds; for less, its descriptor is waited for like any other, which takes nothing out.
int wait_for(int epoll, epoll_event* events, int64_t timeout_ns) {
  if (timeout_ns > 0 && timeout_ns < 1'000'000) {
    pollfd ready{.fd = epoll, .events = POLLIN, .revents = 0};
    const timespec timeout{.tv_sec = 0, .tv_nsec = static_cast<long>(timeout_ns)};
    if (::ppoll(&ready, 1, &timeout, nullptr) <= 0) return 0;
    timeout_ns = 0;
  }
  return ::epoll_wait(epoll, events, kReadyAtOnce, milliseconds(timeout_ns));
}

}  // namespace

int Poller::open() {
  if (sys::intercept(sys::Call::poller_open)) return errno;
  fd_ = OwnedFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!fd_) return errno;
  wake_fd_ = OwnedFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_fd_) return errno;
  // A null token: the wake. Edge-triggered, so its count never needs to be read.
  return add(fd_.get(), wake_fd_.get(), EPOLLIN, nullptr);
}

int Poller::add_reader(int fd, void* token) { return add(fd_.get(), fd, EPOLLIN, token); }
int Poller::add_writer(int fd, void* token) { return add(fd_.get(), fd, EPOLLOUT, token); }
int Poller::rearm_reader(int fd, void* token) { return rearm(fd_.get(), fd, EPOLLIN, token); }
int Poller::rearm_writer(int fd, void* token) { return rearm(fd_.get(), fd, EPOLLOUT, token); }
void Poller::remove_reader(int fd) { remove(fd_.get(), fd); }
void Poller::remove_writer(int fd) { remove(fd_.get(), fd); }

int Poller::watch_exit(pid_t, int pidfd, void* token) {
  if (pidfd < 0) return ENOSYS;
  return add(fd_.get(), pidfd, EPOLLIN, token);
}

void Poller::unwatch_exit(pid_t, int pidfd) {
  if (pidfd >= 0) remove(fd_.get(), pidfd);
}

void Poller::wait(int64_t timeout_ns, std::vector<Ready>* ready) {
  epoll_event events[kReadyAtOnce];
  // EINTR and ENOMEM alike: nothing is ready, and the caller comes back.
  if (sys::intercept(sys::Call::poller_wait)) return;
  const int count = wait_for(fd_.get(), events, timeout_ns);
  for (int i = 0; i < count; i++) {
    if (events[i].data.ptr == nullptr) continue;
    ready->push_back({events[i].data.ptr, (events[i].events & (EPOLLHUP | EPOLLERR)) != 0});
  }
}

void Poller::wake() {
  const uint64_t one = 1;
  sys::intercept(sys::Call::wake);
  // It can't fail: EAGAIN would take 2^64 - 1 wakes.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_.get(), &one, sizeof(one));
}

const char* Poller::exit_watch() { return "pidfd"; }

}  // namespace lastbyte
