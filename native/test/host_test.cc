// Beside others: their children, their signal handlers, their waitpid.
#include <doctest/doctest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

// SIGCHLD as a host may have set it.
class ChildSignal {
 public:
  ChildSignal(void (*handler)(int), int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigaction(SIGCHLD, &action, &before_);
  }
  ~ChildSignal() { ::sigaction(SIGCHLD, &before_, nullptr); }
  ChildSignal(const ChildSignal&) = delete;
  ChildSignal& operator=(const ChildSignal&) = delete;

 private:
  struct sigaction before_ {};
};

void check_status_lost(bool without_pidfd) {
  const Residue residue;
  {
    Consumer consumer;
    FaultGuard faults;
    if (without_pidfd) faults.fail(sys::Call::pidfd_open, ENOSYS, 0, -1);
    std::vector<uint64_t> waiters;
    for (int i = 0; i < 20; i++) {
      Run& run = consumer.start(shell("echo out; exit 3"));
      waiters.push_back(consumer.wait(run));
    }
    Run& killed = consumer.start(shell("echo ready; exec sleep 1000"));
    consumer.until("ready", [&] { return !killed.out.empty(); });
    CHECK(consumer.kill(killed, SIGTERM));
    consumer.settle_all();
    for (const auto& [id, run] : consumer.runs()) {
      CHECK(run->outcome.status_errno == ECHILD);
      CHECK(run->outcome.code == -1);
      CHECK(run->outcome.signal == 0);
      CHECK(keeps_contract(run->log));
      CHECK(run->outcome.cut == 0);
      CHECK(run->out == (run.get() == &killed ? "ready\n" : "out\n"));
    }
  }
  residue.check_threads();
}

}  // namespace

TEST_CASE("SIGCHLD ignored in the host: the status is lost, and told so") {
  const ChildSignal ignored(SIG_IGN, 0);
  check_status_lost(false);
  check_status_lost(true);
}

TEST_CASE("SA_NOCLDWAIT in the host") {
  const ChildSignal no_zombies(SIG_DFL, SA_NOCLDWAIT);
  check_status_lost(false);
}

TEST_CASE("a host with a handler for SIGCHLD isn't interrupted on the engine's threads") {
  static std::atomic<bool> on_engine_thread;
  on_engine_thread = false;
  const ChildSignal handler(
      [](int) {
        char name[16] = {};
        ::pthread_getname_np(::pthread_self(), name, sizeof(name));
        if (name[0] == 'l' && name[8] == '-') on_engine_thread = true;
      },
      0);
  Consumer consumer;
  for (int i = 0; i < 30; i++) consumer.start(shell("echo x"));
  consumer.settle_all();
  for (const auto& [id, run] : consumer.runs()) CHECK(run->outcome.code == 0);
  CHECK_FALSE(on_engine_thread);
}

TEST_CASE("200 children of the host beside 200 of ours: everybody gets his own statuses") {
  const Residue residue;
  {
    Consumer consumer;
    std::atomic<int> wrong = 0;
    std::thread host([&] {
      for (int i = 0; i < 200; i++) {
        const std::string script = "exit " + std::to_string(i % 100);
        const char* const argv[] = {"sh", "-c", script.c_str(), nullptr};
        pid_t pid = 0;
        if (::posix_spawn(&pid, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(argv), environ) != 0) wrong++;
        int status = 0;
        // Some it lets lie around for a while, ended or not.
        if (i % 4 == 0) {
          siginfo_t info{};
          ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
        }
        if (::waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != i % 100) wrong++;
      }
    });
    for (int i = 0; i < 200; i++) consumer.start(shell("exit " + std::to_string(i % 100)));
    consumer.settle_all();
    host.join();
    CHECK(wrong == 0);
    for (const auto& [id, run] : consumer.runs()) {
      CHECK(run->outcome.code == static_cast<int>(id - 1) % 100);
      CHECK(run->outcome.status_errno == 0);
    }
  }
  residue.check_threads();
}

TEST_CASE("a zombie of the host stays the host's") {
  Consumer consumer;
  const char* const argv[] = {"sh", "-c", "exit 42", nullptr};
  pid_t pid = 0;
  REQUIRE(::posix_spawn(&pid, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(argv), environ) == 0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  for (const bool with_pidfd : {true, false}) {
    FaultGuard faults;
    if (!with_pidfd) faults.fail(sys::Call::pidfd_open, ENOSYS, 0, -1);
    std::vector<Run*> ours;
    for (int i = 0; i < 10; i++) ours.push_back(&consumer.start(shell("exit 1")));
    consumer.settle_all();
    for (Run* run : ours) CHECK(run->outcome.code == 1);
  }
  int status = 0;
  CHECK(::waitpid(pid, &status, 0) == pid);
  CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("a host that reaps what isn't its own") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  FaultGuard faults;

  // Before we have seen it: the status is lost.
  const long reaping = faults.hold(sys::Call::waitid);
  SpawnRequest request = shell("exit 9");
  request.started_now = true;
  Run& lost = consumer.start(request);
  faults.await_held(reaping);
  consumer.until("started", [&] { return lost.has('S'); });
  int status = 0;
  CHECK(::waitpid(lost.pid, &status, 0) == lost.pid);
  faults.release(reaping);
  consumer.settle(lost);
  CHECK(lost.outcome.status_errno == ECHILD);
  CHECK(lost.outcome.code == -1);

  // After we have seen it, and while its group lives on: what has been read stays true, and nobody is killed by number.
  Run& seen = consumer.start(shell("(read line <\"$1\"; echo late) & exit 9", {gate.path()}));
  consumer.until("reaped", [&] { return seen.has('R'); });
  CHECK(::waitpid(seen.pid, &status, 0) == seen.pid);
  gate.release();
  consumer.settle(seen);
  CHECK(seen.out == "late\n");
  CHECK(seen.outcome.code == 9);
  CHECK(seen.outcome.status_errno == 0);
}

TEST_CASE("without pidfds everything is the same") {
  const Residue residue;
  {
    TemporaryFolder folder;
    Gate gate(folder);
    Consumer consumer;
    FaultGuard faults;
    CHECK(std::string(consumer.engine().exit_watch()) == "pidfd");
    faults.fail(sys::Call::pidfd_open, ENOSYS, 0, -1);
    std::vector<Run*> runs;
    for (int i = 0; i < 60; i++) {
      runs.push_back(&consumer.start(shell("echo $1; exit $1", {std::to_string(i)})));
    }
    Run& late = consumer.start(shell("(read line <\"$1\"; echo late) & echo early", {gate.path()}));
    consumer.until("reaped", [&] { return late.has('R') && late.out == "early\n"; });
    CHECK(std::string(consumer.engine().exit_watch()) == "polling");
    CHECK(is_zombie(late.pid));
    gate.release();
    Run& killed = consumer.start(shell("echo ready; exec sleep 1000"));
    consumer.until("ready", [&] { return !killed.out.empty(); });
    CHECK(consumer.kill(killed, SIGTERM));
    SpawnRequest request = shell("echo ready; exec sleep 1000");
    request.timeout_ns = kHour;
    Run& timed = consumer.start(request);
    consumer.until("ready", [&] { return !timed.out.empty(); });
    consumer.advance(kHour);
    request = shell("exit 6");
    request.group = false;
    Run& groupless = consumer.start(request);
    consumer.settle_all();
    for (int i = 0; i < 60; i++) {
      CHECK(runs[static_cast<size_t>(i)]->out == std::to_string(i) + "\n");
      CHECK(runs[static_cast<size_t>(i)]->outcome.code == i);
    }
    CHECK(late.out == "early\nlate\n");
    CHECK(killed.outcome.signal == SIGTERM);
    CHECK(killed.outcome.cause == Cause::killed);
    CHECK(timed.outcome.cause == Cause::timed_out);
    CHECK(groupless.outcome.code == 6);
    for (const auto& [id, run] : consumer.runs()) CHECK_MESSAGE(keeps_contract(run->log), run->log);

    // Whoever gets no answer asks again: nothing ends because of it.
    faults.fail(sys::Call::waitid, EIO, 0, 5);
    Run& asked = consumer.start(shell("read line <\"$1\"; exit 8", {gate.path()}));
    consumer.until("started", [&] { return asked.has('S'); });
    while (sys::calls_counted(sys::Call::waitid) < 20) consumer.exit_pump_barrier();
    CHECK_FALSE(asked.has('R'));
    gate.release();
    consumer.settle(asked);
    CHECK(asked.outcome.code == 8);
    CHECK(asked.outcome.status_errno == 0);
  }
  residue.check_threads();
}
