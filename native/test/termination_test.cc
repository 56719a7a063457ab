// Kill, terminate, timeout, close: who gets which signal, when, and what Exit says of it.
#include <doctest/doctest.h>
#include <signal.h>

#include <cerrno>
#include <thread>

#include "support/busy_launchers.h"
#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

// Says so when SIGTERM comes, and goes on.
const char* const kStubborn = "trap 'echo term' TERM; echo ready; while :; do read line <\"$1\"; done";

}  // namespace

TEST_CASE("the ladder: timeout, SIGTERM, SIGKILL to the group, then the cut") {
  const Residue residue;
  {
    TemporaryFolder folder;
    Gate gate(folder);
    Gate stranger_gate(folder, "stranger");
    Consumer consumer;
    // A grandchild that has left the group holds stderr: no signal reaches it.
    SpawnRequest request =
        shell(std::string("setsid sh -c 'exec 1>&-; echo here >&2; read line' <\"$2\" & ") + kStubborn,
              {gate.path(), stranger_gate.path()});
    request.timeout_ns = kHour;
    request.kill_after_ns = static_cast<int64_t>(kHour);
    Run& run = consumer.start(request);
    consumer.until("ready", [&] { return run.out == "ready\n" && run.err == "here\n"; });
    consumer.advance(kHour / 2);
    CHECK(run.out == "ready\n");
    consumer.advance(kHour / 2);
    consumer.until("SIGTERM has come", [&] { return run.out == "ready\nterm\n"; });
    consumer.advance(kHour / 2);
    CHECK_FALSE(run.has('R'));
    consumer.advance(kHour / 2);
    consumer.until("SIGKILL has come", [&] { return run.has('R'); });
    CHECK(run.reaped.signal == SIGKILL);
    consumer.exit_pump_barrier();
    CHECK_FALSE(run.has('X'));
    consumer.advance(kHour);
    consumer.settle(run);
    CHECK(run.outcome.cause == Cause::timed_out);
    CHECK(run.outcome.signal == SIGKILL);
    CHECK(run.outcome.code == -1);
    CHECK(run.outcome.cut == 2);
    CHECK(keeps_contract(run.log));
    stranger_gate.release();
  }
  residue.check_threads();
}

TEST_CASE("a timeout that SIGTERM is enough for") {
  Consumer consumer;
  SpawnRequest request = shell("echo ready; exec sleep 1000");
  request.timeout_ns = kHour;
  Run& run = consumer.start(request);
  consumer.until("ready", [&] { return !run.out.empty(); });
  consumer.advance(kHour);
  consumer.settle(run);
  CHECK(run.outcome.signal == SIGTERM);
  CHECK(run.outcome.cause == Cause::timed_out);
  CHECK(run.outcome.cut == 0);
}

TEST_CASE("a timeout reaches a grandchild when the leader has gone") {
  Consumer consumer;
  SpawnRequest request = shell("sleep 1000 & echo $!");
  request.timeout_ns = kHour;
  request.kill_signal = SIGINT;  // ignored by what a shell puts into the background: it takes the ladder's second step
  request.kill_after_ns = static_cast<int64_t>(kHour);
  Run& run = consumer.start(request);
  consumer.until("reaped", [&] { return run.has('R') && !run.out.empty(); });
  consumer.advance(kHour);
  CHECK_FALSE(run.has('X'));
  consumer.advance(kHour);
  consumer.settle(run);
  await_gone(std::stoi(run.out));
  CHECK(run.outcome.cause == Cause::timed_out);
  CHECK(run.outcome.code == 0);
}

TEST_CASE("a timeout holds even where the leader has gone before the exit pump could arm it") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  FaultGuard faults;
  // A child that has to be asked: that is what the exit pump does last before it waits again.
  faults.fail(sys::Call::pidfd_open, ENOSYS);
  Run& asked = consumer.start(shell("read line <\"$1\"", {gate.path()}));
  consumer.until("started", [&] { return asked.has('S'); });
  const long asking = faults.hold(sys::Call::waitid);
  faults.await_held(asking);
  // What happens now it will learn at once: first the exit, then that there is a timeout.
  SpawnRequest request = shell("sleep 1000 & echo $!");
  request.timeout_ns = kHour;
  request.started_now = true;
  Run& run = consumer.start(request);
  consumer.until("started", [&] { return run.has('S') && !run.out.empty(); });
  while (!is_zombie(run.pid)) std::this_thread::yield();
  BusyLaunchers busy(consumer, faults);
  faults.release(asking);
  consumer.until("reaped", [&] { return run.has('R'); });
  consumer.advance(kHour);
  consumer.settle(run);
  CHECK(run.outcome.cause == Cause::timed_out);
  await_gone(std::stoi(run.out));
  busy.release();
  gate.release();
  consumer.settle_all();
}

TEST_CASE("a timeout that isn't needed leaves nothing behind") {
  Consumer consumer;
  for (int i = 0; i < 50; i++) {
    SpawnRequest request = shell("exit 0");
    request.timeout_ns = kHour;
    consumer.start(request);
  }
  consumer.settle_all();
  consumer.runs().clear();
  consumer.advance(2 * kHour);
  Run& run = consumer.start(shell("echo still here"));
  consumer.settle(run);
  CHECK(run.out == "still here\n");
}

TEST_CASE("terminate: the ladder by hand, and its cause") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  Run& run = consumer.start(shell(kStubborn, {gate.path()}));
  consumer.until("ready", [&] { return run.out == "ready\n"; });
  CHECK(consumer.terminate(run, Cause::aborted, SIGTERM, static_cast<int64_t>(kHour)));
  consumer.until("SIGTERM has come", [&] { return run.out == "ready\nterm\n"; });
  // The first cause counts.
  CHECK(consumer.terminate(run, Cause::killed, 0, -1));
  consumer.advance(kHour);
  consumer.settle(run);
  CHECK(run.outcome.signal == SIGKILL);
  CHECK(run.outcome.cause == Cause::aborted);
  CHECK_FALSE(consumer.terminate(run, Cause::killed, SIGTERM, 0));
}

TEST_CASE("terminate without a second step never sends SIGKILL") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  Run& run = consumer.start(shell(kStubborn, {gate.path()}));
  consumer.until("ready", [&] { return run.out == "ready\n"; });
  CHECK(consumer.terminate(run, Cause::killed, SIGTERM, -1));
  consumer.until("SIGTERM has come", [&] { return run.out == "ready\nterm\n"; });
  consumer.advance(1000 * kHour);
  CHECK(consumer.kill(run, SIGTERM));
  consumer.until("it is still there", [&] { return run.out == "ready\nterm\nterm\n"; });
  CHECK(consumer.kill(run, SIGKILL));
  consumer.settle(run);
  CHECK(run.outcome.cause == Cause::killed);
}

TEST_CASE("a timeout without a second step never sends SIGKILL") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  SpawnRequest request = shell(kStubborn, {gate.path()});
  request.timeout_ns = kHour;
  request.kill_after_ns = -1;
  Run& run = consumer.start(request);
  consumer.until("ready", [&] { return run.out == "ready\n"; });
  consumer.advance(kHour);
  consumer.until("SIGTERM has come", [&] { return run.out == "ready\nterm\n" || run.has('R'); });
  consumer.advance(1000 * kHour);
  REQUIRE_FALSE(run.has('R'));
  CHECK(consumer.kill(run, SIGTERM));
  consumer.until("it is still there", [&] { return run.out == "ready\nterm\nterm\n"; });
  CHECK(consumer.kill(run, SIGKILL));
  consumer.settle(run);
  CHECK(run.outcome.cause == Cause::timed_out);
}

TEST_CASE("whoever terminates again doesn't put the end off, and may bring it forward") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  for (const bool sooner : {false, true}) {
    CAPTURE(sooner);
    SpawnRequest request = shell(kStubborn, {gate.path()});
    request.timeout_ns = 500 * kHour;
    Run& run = consumer.start(request);
    consumer.until("ready", [&] { return run.out == "ready\n"; });
    const auto hours = [](int64_t n) { return n * static_cast<int64_t>(kHour); };
    CHECK(consumer.terminate(run, Cause::killed, SIGTERM, hours(sooner ? 100 : 2)));
    consumer.advance(kHour);
    CHECK(consumer.terminate(run, Cause::killed, SIGTERM, hours(sooner ? 1 : 100)));
    consumer.exit_pump_barrier();
    CHECK_FALSE(run.has('R'));
    consumer.advance(kHour);
    consumer.settle(run);
    CHECK(run.outcome.signal == SIGKILL);
  }
}

TEST_CASE("a ladder that began before the start was complete isn't lost to the timeout") {
  TemporaryFolder folder;
  Gate gate(folder);
  Gate ready(folder, "ready");
  Consumer consumer;
  FaultGuard faults;
  const long start = faults.hold(sys::Call::pidfd_open);
  SpawnRequest request = shell("trap '' TERM; echo ready >\"$2\"; read line <\"$1\"", {gate.path(), ready.path()});
  request.timeout_ns = 100 * kHour;
  Run& run = consumer.start(request);
  faults.await_held(start);
  CHECK(ready.read_line() == "ready");
  CHECK(consumer.terminate(run, Cause::aborted, SIGTERM, static_cast<int64_t>(kHour)));
  consumer.exit_pump_barrier();
  faults.release(start);
  consumer.until("started", [&] { return run.has('S'); });
  consumer.exit_pump_barrier();
  CHECK_FALSE(run.has('R'));
  consumer.advance(kHour);
  consumer.settle(run);
  CHECK(run.outcome.signal == SIGKILL);
  CHECK(run.outcome.cause == Cause::aborted);
}

TEST_CASE("a kill before the start: it doesn't happen") {
  const Residue residue;
  {
    Consumer consumer;
    FaultGuard faults;
    BusyLaunchers busy(consumer, faults);
    Run& killed = consumer.start(shell("echo never"));
    Run& terminated = consumer.start(shell("echo never"));
    Run& continued = consumer.start(shell("echo lives"));
    CHECK(consumer.kill(killed, SIGTERM));
    CHECK_FALSE(consumer.kill(killed, SIGTERM));  // there is nobody left to get a second one
    CHECK(consumer.terminate(terminated, Cause::aborted, SIGTERM, 0));
    CHECK(consumer.kill(continued, SIGCONT));
    CHECK(consumer.kill(continued, 0));
    busy.release();
    consumer.settle_all();
    for (Run* run : {&killed, &terminated}) {
      CHECK(run->log == "F");
      CHECK(run->start_error == ECANCELED);
      CHECK(run->stage == StartStage::cancelled);
    }
    CHECK(continued.out == "lives\n");
    CHECK(continued.outcome.cause == Cause::none);
  }
  residue.check_threads();
}

TEST_CASE("a kill while it is being started: signalled as soon as it exists") {
  Consumer consumer;
  FaultGuard faults;
  for (const sys::Call call : {sys::Call::posix_spawn, sys::Call::pidfd_open}) {
    const long start = faults.hold(call);
    Run& run = consumer.start(shell("exec sleep 1000"));
    faults.await_held(start);
    CHECK(consumer.kill(run, SIGTERM));
    faults.release(start);
    consumer.settle(run);
    CHECK(run.outcome.signal == SIGTERM);
    CHECK(run.outcome.cause == Cause::killed);
    CHECK(keeps_contract(run.log));
  }
}

TEST_CASE("a signal of somebody else isn't our kill") {
  Consumer consumer;
  Run& run = consumer.start(shell("echo ready; exec sleep 1000"));
  consumer.until("ready", [&] { return !run.out.empty(); });
  CHECK(consumer.kill(run, SIGCONT));
  ::kill(run.pid, SIGTERM);
  consumer.settle(run);
  CHECK(run.outcome.signal == SIGTERM);
  CHECK(run.outcome.cause == Cause::none);
}

TEST_CASE("a signal goes to the whole group, and to the child alone where it has none") {
  Consumer consumer;
  for (const bool group : {true, false}) {
    CAPTURE(group);
    SpawnRequest request = shell("sleep 1000 & echo $!; wait");
    request.group = group;
    Run& run = consumer.start(request);
    consumer.until("both are there", [&] { return !run.out.empty(); });
    const pid_t grandchild = std::stoi(run.out);
    CHECK(consumer.kill(run, 0));
    CHECK(consumer.kill(run, SIGTERM));
    consumer.until("reaped", [&] { return run.has('R'); });
    if (!group) {
      CHECK(is_alive(grandchild));
      ::kill(grandchild, SIGKILL);
    }
    consumer.settle(run);
    await_gone(grandchild);
    CHECK(run.outcome.signal == SIGTERM);
  }
}

TEST_CASE("a kill from many threads while it ends") {
  Consumer consumer;
  for (int i = 0; i < 50; i++) {
    Run& run = consumer.start(shell("exit 0"));
    const std::shared_ptr<Execution> execution = run.execution;
    std::vector<std::thread> killers;
    if (execution) {
      for (int k = 0; k < 3; k++) {
        killers.emplace_back([execution] {
          while (execution->kill(0)) std::this_thread::yield();
        });
      }
    }
    consumer.settle(run);
    for (std::thread& killer : killers) killer.join();
    CHECK(run.outcome.code == 0);
  }
}
