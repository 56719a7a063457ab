// What a child finds: nothing of its host but what was asked for.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "support/consumer.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) result.push_back(line);
  return result;
}

std::vector<std::string> report(Consumer& consumer, const SpawnRequest& request) {
  Run& run = consumer.start(request);
  consumer.settle(run);
  REQUIRE(run.outcome.code == 0);
  return lines_of(run.out);
}

std::vector<std::string> starting_with(const std::vector<std::string>& lines, const std::string& word) {
  std::vector<std::string> result;
  for (const std::string& line : lines) {
    if (line.starts_with(word + " ")) result.push_back(line.substr(word.size() + 1));
  }
  return result;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("default signal dispositions and an empty mask, whatever the host has") {
  // As Node does it, and more.
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  struct sigaction before[4];
  const int signals[4] = {SIGPIPE, SIGXFSZ, SIGUSR2, SIGRTMIN + 3};
  for (int i = 0; i < 4; i++) ::sigaction(signals[i], &ignored, &before[i]);
  sigset_t blocked;
  sigset_t mask_before;
  sigemptyset(&blocked);
  for (const int signal : {SIGTERM, SIGUSR1, SIGCHLD, SIGRTMIN + 1}) sigaddset(&blocked, signal);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &mask_before);
  {
    Consumer consumer;
    const Strings signals = starting_with(report(consumer, fixture("report")), "signals");
    REQUIRE(signals.size() == 2);
    CHECK(signals[0] == "SigBlk 0");
    // 32 and 33, the C library's own, are beyond reach: its posix_spawn leaves them ignored (glibc and musl alike).
    const uint64_t libraries_own = uint64_t{3} << 31;
    CHECK((std::stoull(signals[1].substr(7), nullptr, 16) & ~libraries_own) == 0);
  }
  ::pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
  for (int i = 0; i < 4; i++) ::sigaction(signals[i], &before[i], nullptr);
}

TEST_CASE("descriptors 0 to 2 and no other, all blocking") {
  // Of other code in the host, which has forgotten O_CLOEXEC.
  const int leaked = ::open("/dev/null", O_RDONLY);
  const int leaked_far = ::fcntl(leaked, F_DUPFD, 500);
  Consumer consumer;
  // Others being started at the same time have pipes of their own.
  for (int i = 0; i < 20; i++) consumer.start(shell("exit 0"));
  CHECK(starting_with(report(consumer, fixture("report")), "fd") ==
        Strings{"0 /dev/null blocking", "1 pipe blocking", "2 pipe blocking"});
  CHECK(starting_with(report(consumer, with_stdin(fixture("report"))), "fd") ==
        Strings{"0 pipe blocking", "1 pipe blocking", "2 pipe blocking"});
  SpawnRequest ignoring = fixture("report");
  ignoring.stdio[2] = StdioMode::ignore;
  CHECK(starting_with(report(consumer, ignoring), "fd") ==
        Strings{"0 /dev/null blocking", "1 pipe blocking", "2 /dev/null blocking"});
  consumer.settle_all();
  ::close(leaked);
  ::close(leaked_far);
}

TEST_CASE("inherited descriptors are the host's own, close-on-exec or not") {
  TemporaryFolder folder;
  const std::string path = folder.write("inherited", "", 0644);
  const int saved = ::fcntl(2, F_DUPFD_CLOEXEC, 3);
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ::dup3(file, 2, O_CLOEXEC);
  {
    Consumer consumer;
    SpawnRequest request = fixture("report");
    request.stdio[2] = StdioMode::inherit;
    CHECK(starting_with(report(consumer, request), "fd") ==
          Strings{"0 /dev/null blocking", "1 pipe blocking", "2 " + path + " blocking"});
    // Nothing of it has been changed here.
    CHECK(::fcntl(2, F_GETFD) == FD_CLOEXEC);
  }
  ::dup2(saved, 2);
  ::close(saved);
  ::close(file);
}

TEST_CASE("the exact environment, arguments and argv[0]") {
  Consumer consumer;
  SpawnRequest request = with_environment(fixture("report", {"", "two words", "ü\n", ""}),
                                          {"PATH=/nowhere", "EMPTY=", "WORDS=a b", "SAME=1", "SAME=2"});
  std::vector<std::string> lines = report(consumer, request);
  CHECK(starting_with(lines, "env") == Strings{"PATH=/nowhere", "EMPTY=", "WORDS=a b", "SAME=1", "SAME=2"});
  CHECK(starting_with(lines, "argv") == Strings{fixture_path("report"), "", "two words", "ü", ""});

  request.argv = StringList("another name", false);
  request.environment = StringList("", true);
  lines = report(consumer, request);
  CHECK(starting_with(lines, "env").empty());
  CHECK(starting_with(lines, "argv") == Strings{"another name"});

  ::setenv("LASTBYTE_TEST_VARIABLE", "as it is now", 1);
  lines = report(consumer, fixture("report"));
  const Strings environment = starting_with(lines, "env");
  CHECK(std::count(environment.begin(), environment.end(), "LASTBYTE_TEST_VARIABLE=as it is now") == 1);
  ::unsetenv("LASTBYTE_TEST_VARIABLE");
}

TEST_CASE("the working directory") {
  TemporaryFolder folder;
  Consumer consumer;
  SpawnRequest request = fixture("report");
  char here[4096];
  REQUIRE(::getcwd(here, sizeof(here)) != nullptr);
  CHECK(starting_with(report(consumer, request), "cwd") == Strings{here});
  request.has_cwd = true;
  request.cwd = folder.path();
  CHECK(starting_with(report(consumer, request), "cwd") == Strings{folder.path()});
}

TEST_CASE("a group of its own, or the host's") {
  Consumer consumer;
  SpawnRequest request = fixture("report");
  std::vector<std::string> lines = report(consumer, request);
  CHECK(starting_with(lines, "group") == Strings{"own"});
  CHECK(starting_with(lines, "session") == Strings{"inherited"});
  request.group = false;
  CHECK(starting_with(report(consumer, request), "group") == Strings{"inherited"});
}

TEST_CASE("a host without stdin, stdout and stderr") {
  int saved[3];
  for (int fd = 0; fd < 3; fd++) {
    saved[fd] = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
    ::close(fd);
  }
  Strings descriptors;
  std::string out;
  std::string err;
  {
    // Its pollers take the lowest numbers, the pipes must not.
    Consumer consumer;
    Run& run = consumer.start(with_stdin(fixture("report")));
    Run& echo = consumer.start(with_stdin(shell("cat; echo err >&2")));
    consumer.write(echo, "in", 1);
    consumer.end(echo);
    consumer.settle_all();
    descriptors = starting_with(lines_of(run.out), "fd");
    out = echo.out;
    err = echo.err;
  }
  for (int fd = 0; fd < 3; fd++) {
    if (saved[fd] < 0) continue;
    ::dup2(saved[fd], fd);
    ::close(saved[fd]);
  }
  CHECK(descriptors == Strings{"0 pipe blocking", "1 pipe blocking", "2 pipe blocking"});
  CHECK(out == "in");
  CHECK(err == "err\n");
}
