#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "poller.h"

namespace lastbyte {

namespace {

constexpr int kReadyAtOnce = 128;

int add(int epoll, int fd, uint32_t events, void* token) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = token;
  if (sys::intercept(sys::Call::poller_add)) return errno;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void remove(int epoll, int fd) {
  epoll_event unused{};
  ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &unused);
}

// The kernel takes whole milliseconds; rounded up, so that a timer that has to fire does.
int milliseconds(int64_t timeout_ns) {
  if (timeout_ns < 0) return -1;
  const int64_t rounded = (timeout_ns + 999'999) / 1'000'000;
  return rounded > 60'000 ? 60'000 : static_cast<int>(rounded);
}

}  // namespace

int Poller::open() {
  if (sys::intercept(sys::Call::poller_open)) return errno;
  fd_ = OwnedFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!fd_) return errno;
  wake_fd_ = OwnedFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_fd_) return errno;
  // A null token: the wake. Edge-triggered, so its count never needs to be read.
  return add(fd_.get(), wake_fd_.get(), EPOLLIN | EPOLLET, nullptr);
}

int Poller::add_reader(int fd, void* token) { return add(fd_.get(), fd, EPOLLIN | EPOLLET, token); }
int Poller::add_writer(int fd, void* token) { return add(fd_.get(), fd, EPOLLOUT | EPOLLET, token); }
void Poller::remove_reader(int fd) { remove(fd_.get(), fd); }
void Poller::remove_writer(int fd) { remove(fd_.get(), fd); }

int Poller::watch_exit(pid_t, int pidfd, void* token) {
  if (pidfd < 0) return ENOSYS;
  return add(fd_.get(), pidfd, EPOLLIN | EPOLLET, token);
}

void Poller::unwatch_exit(pid_t, int pidfd) {
  if (pidfd >= 0) remove(fd_.get(), pidfd);
}

void Poller::wait(int64_t timeout_ns, std::vector<Ready>* ready) {
  epoll_event events[kReadyAtOnce];
  // EINTR and ENOMEM alike: nothing is ready, and the caller comes back.
  if (sys::intercept(sys::Call::poller_wait)) return;
  const int count = ::epoll_wait(fd_.get(), events, kReadyAtOnce, milliseconds(timeout_ns));
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
