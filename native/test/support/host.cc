#include "host.h"

#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace lastbyte::test {

namespace {

std::set<int> numbers_in(const char* folder) {
  std::set<int> result;
  DIR* const directory = ::opendir(folder);
  REQUIRE(directory != nullptr);
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] != '.') result.insert(std::atoi(entry->d_name));
  }
  if (std::string(folder) == "/proc/self/fd") result.erase(::dirfd(directory));
  ::closedir(directory);
  return result;
}

std::string list(const std::set<int>& numbers) {
  std::string result;
  for (const int number : numbers) {
    char target[256] = {};
    [[maybe_unused]] const ssize_t size =
        ::readlink(("/proc/self/fd/" + std::to_string(number)).c_str(), target, sizeof(target) - 1);
    result += std::to_string(number) + "=" + target + " ";
  }
  return result;
}

}  // namespace

std::set<int> open_descriptors() { return numbers_in("/proc/self/fd"); }

size_t engine_threads() {
  size_t result = 0;
  for (const int thread : numbers_in("/proc/self/task")) {
    std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/comm");
    std::string name;
    if (std::getline(file, name) && name.starts_with("lastbyte-")) result++;
  }
  return result;
}

bool any_child() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

bool is_zombie(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0; }

void await_gone(pid_t pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return;
  pollfd wanted{fd, POLLIN, 0};
  while (::poll(&wanted, 1, -1) != 1) {
  }
  ::close(fd);
}

Residue::Residue() : descriptors_(open_descriptors()) {}

void Residue::check() const {
  const std::set<int> now = open_descriptors();
  CHECK_MESSAGE(now == descriptors_, "before: ", list(descriptors_), " now: ", list(now));
  CHECK_FALSE(any_child());
}

void Residue::check_threads() const {
  // A joined thread is listed until the kernel has taken its last step.
  while (engine_threads() > 0) ::sched_yield();
  check();
}

TemporaryFolder::TemporaryFolder() {
  char name[] = "/tmp/lastbyte-test-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

std::string TemporaryFolder::write(const std::string& name, const std::string& content, mode_t mode) const {
  std::ofstream(path(name), std::ios::binary) << content;
  REQUIRE(::chmod(path(name).c_str(), mode) == 0);
  return path(name);
}

// Both ends are held here, so that neither side ever waits for the other to open, or sees an end.
Gate::Gate(const TemporaryFolder& folder, const std::string& name) : path_(folder.path(name)) {
  REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
  fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(fd_ >= 0);
}

Gate::~Gate() { ::close(fd_); }

void Gate::release(int readers) {
  const std::string lines(static_cast<size_t>(readers), '\n');
  REQUIRE(::write(fd_, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size()));
}

std::string Gate::read_line() {
  std::string line;
  for (char c = 0;;) {
    REQUIRE(::read(fd_, &c, 1) == 1);
    if (c == '\n') return line;
    line += c;
  }
}

}  // namespace lastbyte::test
