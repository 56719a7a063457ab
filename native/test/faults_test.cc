// Each system call of the engine, made to fail at each of its positions in a whole life: the result is a correct run or
// a typed failure, and nothing is left behind.
#include <doctest/doctest.h>
#include <signal.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "fixtures/pattern.h"
#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

constexpr std::array kErrors = {EMFILE, ENFILE, EAGAIN, ENOMEM, EINTR, EPIPE, EIO};
constexpr int kCalls = static_cast<int>(sys::Call::count);
// Of a call that is made again and again, so many positions.
constexpr long kPositions = 20;

// One life, from the start of the engine to its end.
using Story = void (*)(Consumer& consumer, FaultGuard& faults);

struct Fault {
  sys::Call call;
  long position;
  int error;
};

std::string input() {
  std::string bytes(150'000, 0);
  fill_pattern(bytes.data(), bytes.size(), 0);
  return bytes;
}

// What holds for each execution, whatever has happened to it. `stdout` as it would be without faults.
void check_run(const Run& run, const std::string& expected) {
  CHECK_MESSAGE(keeps_contract(run.log), run.log);
  CHECK(run.waits.size() == 1);
  if (run.has('F')) {
    CHECK(run.start_error != 0);
    return;
  }
  const bool input_taken = run.written.empty() || run.written.front().error == 0;
  if (run.outcome.cut == 0 && input_taken) CHECK(run.out == expected);
  CHECK(expected.starts_with(run.out));
  CHECK((run.outcome.code >= 0 || run.outcome.signal > 0 || run.outcome.status_errno != 0));
}

void cat_story(Consumer& consumer, FaultGuard&) {
  const std::string bytes = input();
  Run& run = consumer.start(with_stdin(program({"cat"})));
  const uint64_t waiter = consumer.wait(run);
  consumer.write(run, bytes, 1);
  consumer.end(run);
  consumer.until("answered", [&] { return run.waits == std::vector<uint64_t>{waiter}; });
  if (!run.has('F')) {
    CHECK(run.written.size() == 1);
    CHECK(run.stdin_closes == 1);
    // Either it has read its input to the end, or the engine has closed a pipe under its hands.
    const bool by_pipe = run.outcome.signal == SIGPIPE || run.outcome.code == 1;
    CHECK((run.outcome.code == 0 || (by_pipe && run.outcome.cut != 0)));
    CHECK(run.outcome.status_errno == 0);
  }
  check_run(run, bytes);
}

void ladder_story(Consumer& consumer, FaultGuard&) {
  SpawnRequest request = shell("trap '' TERM; echo ready; while :; do sleep 1000; done");
  request.stream_ends = true;
  Run& run = consumer.start(request);
  consumer.wait(run);
  // Without its output there is no knowing whether it is ready: it may be killed by the first signal then.
  consumer.until("ready", [&] { return run.out == "ready\n" || !run.stream_ends.empty() || run.has('F'); });
  if (!run.has('F')) {
    CHECK(consumer.terminate(run, Cause::killed, SIGTERM, static_cast<int64_t>(kHour)));
    consumer.advance(kHour);
    consumer.advance(kHour);
  }
  consumer.until("answered", [&] { return run.waits.size() == 1; });
  check_run(run, "ready\n");
  if (run.has('X')) {
    CHECK((run.outcome.signal == SIGKILL || run.stream_ends.size() > 0));
    CHECK(run.outcome.cause == Cause::killed);
  }
}

void drain_story(Consumer& consumer, FaultGuard&) {
  Run& run = consumer.start(
      with_drain(shell("(trap '' PIPE; exec 2>&-; echo early; sleep 1000) & exit 3"), DrainMode::deadline, kHour));
  consumer.wait(run);
  consumer.until("reaped", [&] { return run.has('R') || run.has('F'); });
  // What the grandchild has written by now arrives, and it dies with its group.
  consumer.advance(kHour / 2);
  consumer.kill(run, SIGKILL);
  consumer.advance(kHour);
  consumer.until("answered", [&] { return run.waits.size() == 1; });
  CHECK_MESSAGE(keeps_contract(run.log), run.log);
  CHECK((run.has('F') || run.outcome.code == 3));
}

// What no fault at all would give.
void check_unhurt(const Run& run) {
  CHECK(run.log.starts_with("S"));
  CHECK(keeps_contract(run.log));
  CHECK(run.outcome.status_errno == 0);
}

void unhurt_cat_story(Consumer& consumer, FaultGuard&) {
  const std::string bytes = input();
  Run& run = consumer.start(with_stdin(program({"cat"})));
  consumer.write(run, bytes, 1);
  consumer.end(run);
  consumer.settle(run);
  check_unhurt(run);
  CHECK(run.out == bytes);
  CHECK(run.outcome.code == 0);
  CHECK(run.outcome.cut == 0);
  CHECK(run.stdin_error == 0);
  CHECK(std::string(consumer.engine().exit_watch()) == "pidfd");
}

void unhurt_kill_story(Consumer& consumer, FaultGuard&) {
  for (const bool group : {true, false}) {
    // With its group goes what it has started; else that would hold the outputs.
    SpawnRequest request = shell(group ? "sleep 1000 & echo ready; wait" : "echo ready; exec sleep 1000");
    request.group = group;
    Run& run = consumer.start(request);
    consumer.until("ready", [&] { return run.out == "ready\n" || run.has('F'); });
    CHECK(consumer.kill(run, SIGTERM));
    consumer.settle(run);
    check_unhurt(run);
    CHECK(run.outcome.signal == SIGTERM);
    CHECK(run.outcome.cause == Cause::killed);
  }
}

void unhurt_cut_story(Consumer& consumer, FaultGuard&) {
  TemporaryFolder folder;
  Gate written(folder, "written");
  Gate gate(folder);
  Run& run = consumer.start(with_window(
      with_drain(shell("(exec 2>&-; echo 0123456789; echo done >\"$1\"; read line <\"$2\") & exit 0",
                       {written.path(), gate.path()}),
                 DrainMode::deadline, kHour),
      4));
  run.grants = false;
  consumer.until("stalled", [&] { return (run.has('R') && run.out == "0123") || run.has('F'); });
  REQUIRE_FALSE(run.has('F'));
  CHECK(written.read_line() == "done");
  consumer.advance(kHour);
  consumer.settle(run);
  check_unhurt(run);
  CHECK(run.out == "0123456789\n");
  CHECK(run.outcome.cut == 1);
  gate.release();
}

void check_usable() {
  Consumer consumer;
  Run& run = consumer.start(shell("cat; echo works"));
  consumer.settle(run);
  CHECK(run.out == "works\n");
  CHECK(run.outcome.code == 0);
}

// False where the engine itself could not be started, which has to be for that reason.
bool tell(Story story, const Fault& fault) {
  const Residue residue;
  bool started = true;
  {
    FaultGuard faults;
    faults.fail(fault.call, fault.error, fault.position);
    Engine* engine = nullptr;
    const int error = Engine::acquire(&engine);
    if (error != 0) {
      CHECK(error == fault.error);
      started = false;
    } else {
      Consumer consumer;
      Engine::release();
      story(consumer, faults);
    }
  }
  residue.check_threads();
  return started;
}

std::array<long, kCalls> count_calls(Story story) {
  FaultGuard faults;
  {
    Consumer consumer;
    story(consumer, faults);
  }
  std::array<long, kCalls> result{};
  for (int i = 0; i < kCalls; i++) {
    result[static_cast<size_t>(i)] = std::min(sys::calls_counted(static_cast<sys::Call>(i)), kPositions);
  }
  return result;
}

void tell_with_all_faults(Story story) {
  const std::array<long, kCalls> counts = count_calls(story);
  for (int i = 0; i < kCalls; i++) {
    const auto call = static_cast<sys::Call>(i);
    for (long position = 0; position < counts[static_cast<size_t>(i)]; position++) {
      for (const int error : kErrors) {
        const std::string what =
            std::string(sys::name_of(call)) + " " + std::to_string(position) + " " + ::strerrorname_np(error);
        CAPTURE(what);
        tell(story, {call, position, error});
      }
    }
  }
  check_usable();
}

}  // namespace

TEST_CASE("cat, with all faults") { tell_with_all_faults(cat_story); }
TEST_CASE("the ladder, with all faults") { tell_with_all_faults(ladder_story); }
TEST_CASE("a drain with a deadline, with all faults") { tell_with_all_faults(drain_story); }

TEST_CASE("a call that a signal interrupts is made again, and nothing is seen of it") {
  constexpr std::array kMadeAgain = {sys::Call::pipe,       sys::Call::read,
                                     sys::Call::write,      sys::Call::fcntl,
                                     sys::Call::ioctl,      sys::Call::stat,
                                     sys::Call::access,     sys::Call::pidfd_open,
                                     sys::Call::kill,       sys::Call::pidfd_send_signal,
                                     sys::Call::waitid};
  std::array<long, kCalls> told{};
  for (const Story story : {unhurt_cat_story, unhurt_kill_story, unhurt_cut_story}) {
    const std::array<long, kCalls> counts = count_calls(story);
    for (const sys::Call call : kMadeAgain) {
      CAPTURE(sys::name_of(call));
      for (long position = 0; position < counts[static_cast<size_t>(call)]; position++) {
        CAPTURE(position);
        CHECK(tell(story, {call, position, EINTR}));
        told[static_cast<size_t>(call)]++;
      }
    }
  }
  for (const sys::Call call : kMadeAgain) CHECK_MESSAGE(told[static_cast<size_t>(call)] > 0, sys::name_of(call));
}

TEST_CASE("a thread or a poller that can't be had: one error, and the next engine is whole") {
  const Residue residue;
  for (const sys::Call call : {sys::Call::thread_create, sys::Call::poller_open, sys::Call::poller_add}) {
    const unsigned threads = [] {
      Consumer consumer;
      return consumer.engine().threads();
    }();
    for (long position = 0; position < static_cast<long>(threads); position++) {
      {
        FaultGuard faults;
        faults.fail(call, EAGAIN, position);
        Engine* engine = nullptr;
        const bool failed = Engine::acquire(&engine) == EAGAIN;
        // Launchers have no poller of their own.
        CHECK((failed || call != sys::Call::thread_create));
        if (!failed) Engine::release();
      }
      residue.check_threads();
      check_usable();
    }
  }
  residue.check_threads();
}

TEST_CASE("a child that can't be watched is asked instead") {
  for (const int error : kErrors) {
    Consumer consumer;
    FaultGuard faults;
    SpawnRequest request = shell("exit 5");
    request.stdio[1] = request.stdio[2] = StdioMode::ignore;
    faults.fail(sys::Call::poller_add, error);
    Run& run = consumer.start(request);
    consumer.settle(run);
    CHECK(run.outcome.code == 5);
    CHECK(std::string(consumer.engine().exit_watch()) == "polling");
  }
}

TEST_CASE("a start that can't have its pipes: the step, the error, and nothing left when it is told") {
  Consumer consumer;
  for (const sys::Call call : {sys::Call::pipe, sys::Call::fcntl, sys::Call::poller_add}) {
    const long positions = call == sys::Call::poller_add ? 2 : 3;
    for (long position = 0; position < positions; position++) {
      CAPTURE(sys::name_of(call));
      CAPTURE(position);
      FaultGuard faults;
      const Residue residue;
      faults.fail(call, ENFILE, position);
      Run& run = consumer.start(with_stdin(shell("echo never")));
      run.on_event = [&](const Event&) { residue.check(); };
      consumer.settle(run);
      CHECK(run.log == "F");
      CHECK(run.start_error == ENFILE);
      CHECK(run.stage == StartStage::resources);
    }
  }
}

TEST_CASE("a status that can't be read at first is read at the end") {
  for (const bool group : {true, false}) {
    Consumer consumer;
    FaultGuard faults;
    faults.fail(sys::Call::waitid, EIO);
    SpawnRequest request = shell("echo x; exit 6");
    request.group = group;
    Run& run = consumer.start(request);
    consumer.settle(run);
    CHECK(run.outcome.code == 6);
    CHECK(run.outcome.status_errno == 0);
    CHECK_FALSE(any_child());
  }
}

TEST_CASE("a read that says EAGAIN where there is something: it is looked at again, the end included") {
  Consumer consumer;
  for (long position = 0; position < 4; position++) {
    CAPTURE(position);
    FaultGuard faults;
    TemporaryFolder folder;
    Gate gate(folder);
    faults.fail(sys::Call::read, EAGAIN, position);
    // It waits for an answer: nothing else will come from it.
    Run& run = consumer.start(shell("echo question; read line <\"$1\"; echo end", {gate.path()}));
    consumer.until("the question", [&] { return run.out == "question\n"; });
    gate.release();
    consumer.settle(run);
    CHECK(run.out == "question\nend\n");
    CHECK(run.outcome.cut == 0);
  }
}

TEST_CASE("a read that fails: what came before is delivered, and the stream counts as cut") {
  Consumer consumer;
  FaultGuard faults;
  TemporaryFolder folder;
  Gate gate(folder);
  Run& run = consumer.start(shell("echo before; read line <\"$1\"; echo after; echo err >&2", {gate.path()}));
  consumer.until("the first line", [&] { return run.out == "before\n"; });
  faults.fail(sys::Call::read, EIO);
  gate.release();
  consumer.settle(run);
  CHECK(run.out == "before\n");
  CHECK(run.outcome.cut == 1);
  CHECK(run.err == "err\n");
  CHECK(keeps_contract(run.log));
}

TEST_CASE("slow system calls change nothing") {
  for (int i = 0; i < kCalls; i++) {
    const auto call = static_cast<sys::Call>(i);
    CAPTURE(sys::name_of(call));
    const Residue residue;
    {
      FaultGuard faults;
      sys::arm_fault({call, sys::FaultAction::delay, 300, 0, 20});
      Consumer consumer;
      Engine* engine = nullptr;
      REQUIRE(Engine::acquire(&engine) == 0);
      cat_story(consumer, faults);
      Engine::release();
    }
    residue.check_threads();
  }
}
