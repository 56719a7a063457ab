// Reaped isn't the end: who else holds an output, and when it is cut.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/stream_pump.h"
#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

// The leader goes at once; its child holds stdout and stderr until the gate's next line.
const char* const kLateWriter = "(read line <\"$1\"; echo late; echo late >&2) & echo early";

constexpr uint64_t kMinute = kHour / 60;

}  // namespace

TEST_CASE("forty grandchildren that hold their outputs delay no other execution") {
  const Residue residue;
  {
    TemporaryFolder folder;
    Gate gate(folder);
    Consumer consumer;
    std::vector<Run*> held;
    for (int i = 0; i < 40; i++) held.push_back(&consumer.start(shell(kLateWriter, {gate.path()})));
    consumer.until("all forty are reaped", [&] {
      return std::all_of(held.begin(), held.end(), [](Run* run) { return run->has('R') && run->out == "early\n"; });
    });
    std::vector<Run*> others;
    for (int i = 0; i < 60; i++) others.push_back(&consumer.start(shell("echo other")));
    for (Run* other : others) {
      consumer.settle(*other);
      CHECK(other->out == "other\n");
    }
    for (Run* run : held) CHECK_FALSE(run->has('X'));
    gate.release(40);
    consumer.settle_all();
    for (Run* run : held) {
      CHECK(run->out == "early\nlate\n");
      CHECK(run->err == "late\n");
      CHECK_MESSAGE(keeps_contract(run->log), run->log);
      CHECK(run->log.find('R') < run->log.find('e'));
      CHECK(run->outcome.cut == 0);
      CHECK(run->outcome.code == 0);
    }
  }
  residue.check_threads();
}

TEST_CASE("the leader stays a zombie until Exit, so that a late kill reaches its group and nobody else") {
  const Residue residue;
  {
    Consumer consumer;
    Run& run = consumer.start(shell("sleep 1000 & echo $!; exit 5"));
    consumer.until("reaped", [&] { return run.has('R') && !run.out.empty(); });
    const pid_t grandchild = std::stoi(run.out);
    CHECK(run.reaped.code == 5);
    CHECK(is_zombie(run.pid));
    CHECK(is_alive(grandchild));
    CHECK(consumer.kill(run, SIGTERM));
    consumer.settle(run);
    await_gone(grandchild);
    CHECK_FALSE(is_zombie(run.pid));
    CHECK(run.outcome.code == 5);
    CHECK(run.outcome.signal == 0);
    CHECK(run.outcome.cut == 0);
    // From here on the number may be anybody's.
    CHECK_FALSE(consumer.kill(run, SIGTERM));
    CHECK_FALSE(consumer.terminate(run, Cause::killed, SIGTERM, 0));
  }
  residue.check_threads();
}

TEST_CASE("a leader without a group of its own is collected at once, and not killed afterwards") {
  for (const bool with_pidfd : {true, false}) {
    CAPTURE(with_pidfd);
    TemporaryFolder folder;
    Gate gate(folder);
    Consumer consumer;
    FaultGuard faults;
    if (!with_pidfd) faults.fail(sys::Call::pidfd_open, ENOSYS);
    SpawnRequest request = shell(kLateWriter, {gate.path()});
    request.group = false;
    Run& run = consumer.start(request);
    consumer.until("reaped", [&] { return run.has('R'); });
    CHECK_FALSE(any_child());
    // Not even tried: the number may be somebody else's by now.
    CHECK_FALSE(consumer.kill(run, SIGTERM));
    CHECK(sys::calls_counted(sys::Call::kill) == 0);
    CHECK(sys::calls_counted(sys::Call::pidfd_send_signal) == 0);
    gate.release();
    consumer.settle(run);
    CHECK(run.out == "early\nlate\n");
    CHECK(run.outcome.code == 0);
    CHECK(run.outcome.status_errno == 0);
  }
}

TEST_CASE("a deadline after the leader cuts what is open, and isn't put off by output") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  Run& run = consumer.start(with_drain(
      shell("(while read line; do echo late; done) <\"$1\" & echo early", {gate.path()}), DrainMode::deadline, kHour));
  consumer.until("reaped", [&] { return run.has('R'); });
  for (int i = 1; i <= 3; i++) {
    consumer.advance(19 * kMinute);
    gate.release();
    consumer.until("a late line", [&] { return run.out.size() == 6 + static_cast<size_t>(i) * 5; });
  }
  CHECK_FALSE(run.has('X'));
  consumer.advance(4 * kMinute);
  consumer.settle(run);
  CHECK(run.outcome.cut == 3);
  CHECK(run.outcome.code == 0);
  CHECK(run.out == "early\nlate\nlate\nlate\n");
  CHECK(keeps_contract(run.log));
  // The writer finds nobody any more.
  gate.release(2);
}

TEST_CASE("an idle limit is armed again by each chunk") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  Run& run = consumer.start(with_drain(
      shell("(while read line; do echo late; done) <\"$1\" & echo early", {gate.path()}), DrainMode::idle, kHour));
  consumer.until("reaped", [&] { return run.has('R'); });
  for (int i = 1; i <= 10; i++) {
    consumer.advance(40 * kMinute);
    gate.release();
    consumer.until("a late line", [&] { return run.out.size() >= 6 + static_cast<size_t>(i) * 5 || run.has('X'); });
    CHECK_FALSE(run.has('X'));
  }
  consumer.advance(61 * kMinute);
  consumer.settle(run);
  CHECK(run.outcome.cut == 3);
  CHECK(run.out.size() == 56);
  gate.release(2);
}

TEST_CASE("a writer that ends in time isn't cut by any limit") {
  for (const DrainMode mode : {DrainMode::idle, DrainMode::deadline}) {
    TemporaryFolder folder;
    Gate gate(folder);
    Consumer consumer;
    Run& run = consumer.start(with_drain(shell(kLateWriter, {gate.path()}), mode, kHour));
    consumer.until("reaped", [&] { return run.has('R'); });
    consumer.advance(50 * kMinute);
    gate.release();
    consumer.settle(run);
    CHECK(run.outcome.cut == 0);
    CHECK(run.out == "early\nlate\n");
  }
}

TEST_CASE("what stands in the pipe at the cut is delivered, whatever the consumer holds back") {
  TemporaryFolder folder;
  Gate written(folder, "written");
  Gate gate(folder);
  for (const bool by_credit : {true, false}) {
    CAPTURE(by_credit);
    Consumer consumer;
    // stderr is closed: only stdout can be cut.
    SpawnRequest request = with_drain(
        shell("(exec 2>&-; echo 0123456789; echo done >\"$1\"; read line <\"$2\") & exit 0",
              {written.path(), gate.path()}),
        DrainMode::deadline, kHour);
    if (by_credit) request.window_bytes = 4;
    FaultGuard faults;
    const long start = faults.hold(sys::Call::posix_spawn);
    Run& run = consumer.start(request);
    run.grants = false;
    faults.await_held(start);
    if (!by_credit) consumer.hold(run, 1, true);
    faults.release(start);
    CHECK(written.read_line() == "done");
    consumer.until("reaped", [&] { return run.has('R') && (!by_credit || run.out == "0123"); });
    CHECK(run.out == (by_credit ? "0123" : ""));
    consumer.advance(kHour);
    consumer.settle(run);
    CHECK(run.out == "0123456789\n");
    CHECK(run.outcome.cut == 1);
    CHECK(keeps_contract(run.log));
    // Who held it has lost it, and nobody has killed him.
    gate.release();
  }
}

TEST_CASE("a stream that its consumer holds back isn't idle") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  FaultGuard faults;
  const std::string lines = "i=0; while [ $i -lt 100 ]; do echo $i; i=$((i+1)); done; ";
  Run& run = consumer.start(with_window(
      with_drain(shell("(exec 2>&-; " + lines + "read line <\"$1\"; " + lines + ") & exit 0", {gate.path()}),
                 DrainMode::idle, kHour),
      100));
  run.grants = false;
  consumer.until("stalled", [&] { return run.has('R') && run.out.size() == 100; });
  for (int i = 0; i < 5; i++) consumer.advance(2 * kHour);
  CHECK_FALSE(run.has('X'));

  // The limit is due at the moment at which the consumer lets go and the pump hasn't looked yet.
  const long look = faults.hold(sys::Call::read);
  sys::advance_clock(2 * kHour);
  consumer.grant(run, 1, 100);
  faults.await_held(look);
  consumer.exit_pump_barrier();
  run.grants = true;
  faults.release(look);
  consumer.until("the window is full again", [&] { return run.out.size() == 200; });
  consumer.grant(run, 1, 100);
  consumer.until("the first half", [&] { return run.out.size() == 290; });
  gate.release();
  consumer.settle(run);
  CHECK(run.out.size() == 580);
  CHECK(run.outcome.cut == 0);
}

TEST_CASE("a flood at the cut: a prefix of it, then Exit") {
  for (const DrainMode mode : {DrainMode::deadline, DrainMode::idle}) {
    Consumer consumer;
    Run& run = consumer.start(with_drain(shell("yes & exit 0"), mode, kHour));
    run.on_output = [](int, const char*, size_t) { return true; };
    consumer.until("a flood after the leader", [&] { return run.has('R') && run.received[0] > 4'000'000; });
    if (mode == DrainMode::deadline) {
      consumer.advance(2 * kHour);
    } else {
      // `yes` is never idle. It is still there, and goes with its group.
      consumer.advance(50 * kMinute);
      const uint64_t before = run.received[0];
      consumer.until("more", [&] { return run.received[0] > before + 4'000'000; });
      CHECK_FALSE(run.has('X'));
      CHECK(consumer.kill(run, SIGKILL));
    }
    consumer.settle(run);
    // `yes` holds stderr too. It ends by itself once nobody reads stdout.
    CHECK((run.outcome.cut & 1) == (mode == DrainMode::deadline ? 1 : 0));
    CHECK(keeps_contract(run.log));
  }
}
