// The end of an environment, of several, and of the engine: no thread, no descriptor, no zombie, no late call.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "core/stream_pump.h"
#include "support/busy_launchers.h"
#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

void leave_at_exit(Run& run) {
  std::lock_guard lock(run.execution->mutex);
  run.execution->leave_at_exit = true;
}

}  // namespace

TEST_CASE("close: what is queued doesn't start, what runs is killed, what drains is cut, all in the order of the contract") {
  const Residue residue;
  {
    TemporaryFolder folder;
    Gate gate(folder);
    Consumer consumer;
    FaultGuard faults;
    Run& running = consumer.start(shell("echo ready; exec sleep 1000"));
    Run& writing = consumer.start(with_window(shell("yes"), 10'000));
    writing.grants = false;
    Run& draining = consumer.start(
        shell("setsid sh -c 'echo held; read line' <\"$1\" & exit 4", {gate.path()}));
    consumer.until("all run", [&] {
      return !running.out.empty() && writing.received[0] == 10'000 && draining.has('R') && !draining.out.empty();
    });
    std::vector<long> gates;
    std::vector<Run*> spawning;
    // As many as there are launchers, or one of two: a further one is either queued or spawning.
    for (int i = 0; i < 2; i++) gates.push_back(faults.hold(sys::Call::posix_spawn));
    spawning.push_back(&consumer.start(shell("exec sleep 1000")));
    faults.await_held(gates[0]);
    for (int i = 0; i < 5; i++) spawning.push_back(&consumer.start(shell("exec sleep 1000")));
    const uint64_t waiter = consumer.wait(running);

    consumer.engine().close(*consumer.tenant());
    consumer.engine().close(*consumer.tenant());
    Run& late = consumer.start(shell("echo never"));
    for (const long held : gates) faults.release(held);
    consumer.settle_all();
    CHECK(running.outcome.cause == Cause::closed);
    CHECK(running.outcome.signal == SIGKILL);
    CHECK(writing.outcome.cause == Cause::closed);
    CHECK(draining.outcome.cause == Cause::closed);
    CHECK(draining.outcome.code == 4);
    CHECK(draining.outcome.cut == 3);
    CHECK(draining.out == "held\n");
    for (const auto& [id, run] : consumer.runs()) CHECK_MESSAGE(keeps_contract(run->log), run->log);
    CHECK(spawning[0]->outcome.cause == Cause::closed);
    CHECK(spawning.back()->log == "F");
    CHECK(spawning.back()->stage == StartStage::cancelled);
    CHECK(late.log == "F");
    CHECK(late.start_error == ECANCELED);
    consumer.until("answered", [&] { return !running.waits.empty(); });
    CHECK(running.waits == std::vector<uint64_t>{waiter});
    gate.release();
  }
  residue.check_threads();
}

TEST_CASE("teardown with executions in every state") {
  const Residue residue;
  const std::string bytes(1 << 20, 'x');
  TemporaryFolder folder;
  for (int i = 0; i < 10; i++) {
    Gate gate(folder, "gate" + std::to_string(i));
    Consumer consumer;
    Run& draining = consumer.start(shell("(read line <\"$1\"; echo late) & exit 0", {gate.path()}));
    Run& stalled = consumer.start(with_window(shell("yes"), 1000));
    stalled.grants = false;
    Run& held = consumer.start(shell("yes >&2"));
    consumer.hold(held, 2, true);
    Run& fed = consumer.start(with_stdin(shell("exec sleep 1000")));
    StdinChunk chunk;
    chunk.data = bytes.data();
    chunk.size = bytes.size();
    consumer.write(fed, std::move(chunk));
    SpawnRequest request = shell("trap '' TERM; exec sleep 1000");
    request.timeout_ns = 1;
    Run& laddering = consumer.start(request);
    consumer.until("some are under way", [&] { return draining.has('R') && stalled.received[0] == 1000 && fed.has('S'); });
    consumer.wait(laddering);
    consumer.cancel(held, 2);
    for (int k = 0; k < 20; k++) consumer.start(shell("echo x; exec sleep 1000"));
    for (int k = 0; k < 5; k++) consumer.start(program({"/no/such/program"}));
    consumer.shut_down();
    gate.release();
  }
  residue.check_threads();
}

TEST_CASE("200 teardowns in mid-output") {
  const Residue residue;
  for (int i = 0; i < 200; i++) {
    Consumer consumer;
    Run& run = consumer.start(i % 2 == 0 ? program({"/usr/bin/yes"}) : shell("while :; do echo o; echo e >&2; done"));
    run.on_output = [](int, const char*, size_t) { return true; };
    const uint64_t enough = static_cast<uint64_t>(i % 20) * 300;
    consumer.until("output", [&] { return run.received[0] > enough; });
    if (i % 3 == 0) consumer.engine().close(*consumer.tenant());
  }
  residue.check_threads();
}

TEST_CASE("what is left running at the host's exit runs on, and is still collected") {
  const Residue residue;
  for (const bool with_pidfd : {true, false}) {
    CAPTURE(with_pidfd);
    TemporaryFolder folder;
    Gate gate(folder);
    Consumer staying;
    {
      Consumer leaving;
      FaultGuard faults;
      if (!with_pidfd) faults.fail(sys::Call::pidfd_open, ENOSYS, 0, -1);
      SpawnRequest request = with_stdin(shell("exec 2>/dev/null; cat >/dev/null; read line <\"$1\"; exit 0", {gate.path()}));
      request.timeout_ns = kHour;
      Run& runs = leaving.start(request);
      Run& ends = leaving.start(shell("exec sleep 1000"));
      // Its leader has gone and waits, as a zombie, for an Exit that nobody will hear of.
      Run& drains = leaving.start(shell("read line <\"$1\" & exit 0", {gate.path()}));
      leaving.until("all have started", [&] { return runs.has('S') && ends.has('S') && drains.has('R'); });
      leave_at_exit(runs);
      leave_at_exit(drains);
      leaving.shut_down();
      CHECK(is_alive(runs.pid));
      CHECK_FALSE(is_zombie(runs.pid));
      CHECK_FALSE(is_alive(ends.pid));
      CHECK_FALSE(is_zombie(drains.pid));
      // It has no timeout any more, and its stdin has ended.
      staying.advance(2 * kHour);
      CHECK(is_alive(runs.pid));
      gate.release(2);
      await_gone(runs.pid);
      while (is_zombie(runs.pid)) staying.exit_pump_barrier();
    }
    Run& next = staying.start(shell("echo works"));
    staying.settle(next);
    CHECK(next.out == "works\n");
  }
  residue.check_threads();
}

TEST_CASE("left running while its start is being completed: its stdin ends, and no timeout comes") {
  for (const sys::Call call : {sys::Call::wake, sys::Call::poller_add}) {
    CAPTURE(sys::name_of(call));
    TemporaryFolder folder;
    Gate gate(folder);
    Gate ended(folder, "ended");
    Gate asked_gate(folder, "asked");
    Consumer staying;
    Consumer leaving;
    FaultGuard faults;
    // A child that has to be asked: the exit pump goes on by itself where the launcher stands and doesn't wake it.
    faults.fail(sys::Call::pidfd_open, ENOSYS);
    Run& asked = staying.start(shell("read line <\"$1\"", {asked_gate.path()}));
    staying.until("started", [&] { return asked.has('S'); });
    while (std::string(staying.engine().exit_watch()) != "polling") staying.exit_pump_barrier();

    SpawnRequest request =
        with_stdin(shell("cat >/dev/null; echo ended >\"$2\"; read line <\"$1\"", {gate.path(), ended.path()}));
    request.timeout_ns = kHour;
    const long announced = faults.hold(sys::Call::pidfd_open);
    Run& run = leaving.start(request);
    faults.await_held(announced);
    // The launcher stands again where it has announced the child and not yet handed it over: not its stdin (wake), or
    // only not to the exit pump (poller_add).
    const long handed_over = faults.hold(call);
    faults.release(announced);
    faults.await_held(handed_over);
    std::shared_ptr<Execution> execution = run.execution;
    const pid_t pid = [&] {
      std::lock_guard lock(execution->mutex);
      return execution->pid;
    }();
    leave_at_exit(run);
    leaving.shut_down();
    leaving.runs().clear();
    faults.release(handed_over);
    BusyLaunchers busy(staying, faults);
    {
      std::lock_guard lock(execution->stdin_stream.mutex);
      REQUIRE_FALSE(execution->stdin_stream.fd);
    }
    execution.reset();
    CHECK(ended.read_line() == "ended");
    const long kills = sys::calls_counted(sys::Call::kill);
    staying.advance(2 * kHour);
    CHECK(sys::calls_counted(sys::Call::kill) == kills);
    CHECK(is_alive(pid));
    gate.release();
    await_gone(pid);
    while (is_zombie(pid)) staying.exit_pump_barrier();
    staying.advance(2 * kHour);
    busy.release();
    asked_gate.release();
    staying.settle_all();
  }
}

TEST_CASE("several environments: each hears of its own, and the end of one is not the end of another") {
  const Residue residue;
  {
    Consumer staying;
    Run& before = staying.start(shell("echo ready; read line"));
    (void)before;
    Run& long_lived = staying.start(with_stdin(program({"/bin/cat"})));
    for (int i = 0; i < 10; i++) {
      Consumer other;
      CHECK(&other.engine() == &staying.engine());
      for (int k = 0; k < 10; k++) {
        other.start(shell("echo other"));
        staying.start(shell("echo staying"));
      }
      staying.write(long_lived, "x", static_cast<uint64_t>(i));
      if (i % 2 == 0) other.settle_all();
      other.shut_down();
      for (const auto& [id, run] : other.runs()) {
        if (i % 2 == 0) CHECK(run->out == "other\n");
      }
      staying.until("echoed", [&] { return long_lived.out.size() == static_cast<size_t>(i) + 1; });
    }
    staying.end(long_lived);
    staying.settle_all();
    for (const auto& [id, run] : staying.runs()) {
      if (id > 2) CHECK(run->out == "staying\n");
    }
    CHECK(long_lived.out == "xxxxxxxxxx");
  }
  residue.check_threads();
}

TEST_CASE("environments on threads of their own, that come and go") {
  const Residue residue;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; worker++) {
    workers.emplace_back([&, worker] {
      for (int round = 0; round < 10; round++) {
        Consumer consumer;
        for (int i = 0; i < 8; i++) consumer.start(shell("echo $1", {std::to_string(worker)}));
        if (round % 2 == 0) consumer.start(program({"/usr/bin/yes"}));
        // Some are torn down in the middle of it.
        if (round % 3 == 0) continue;
        for (uint64_t id = 1; id <= 8; id++) {
          Run& run = *consumer.runs().at(id);
          consumer.settle(run);
          if (run.out != std::to_string(worker) + "\n" || !keeps_contract(run.log)) wrong++;
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(wrong == 0);
  residue.check_threads();
}

TEST_CASE("the engine's threads come with the first environment and go with the last") {
  const Residue residue;
  CHECK(engine_threads() == 0);
  for (int i = 0; i < 20; i++) {
    {
      Consumer first;
      CHECK(engine_threads() == first.engine().threads());
      Consumer second;
      CHECK(engine_threads() == first.engine().threads());
      Run& run = first.start(shell("echo x"));
      first.settle(run);
      CHECK(run.out == "x\n");
    }
    residue.check_threads();
  }
}

TEST_CASE("500 live children need no more threads than one") {
  const Residue residue;
  {
    TemporaryFolder folder;
    Gate gate(folder);
    Consumer consumer;
    const size_t threads = engine_threads();
    CHECK(threads <= 8);
    for (int i = 0; i < 500; i++) consumer.start(shell("read line <\"$1\"; echo $2", {gate.path(), std::to_string(i)}));
    consumer.until("all run", [&] {
      return std::all_of(consumer.runs().begin(), consumer.runs().end(), [](const auto& of) { return of.second->has('S'); });
    });
    CHECK(engine_threads() == threads);
    gate.release(500);
    consumer.settle_all();
    for (const auto& [id, run] : consumer.runs()) CHECK(run->out == std::to_string(id - 1) + "\n");
  }
  residue.check_threads();
}

TEST_CASE("a child that no signal reaches isn't waited for without end") {
  const Residue residue;
  pid_t pid = 0;
  {
    Consumer consumer;
    FaultGuard faults;
    Run& run = consumer.start(with_stdin(shell("exec sleep 1000")));
    consumer.write(run, std::string(200'000, 'x'), 1);
    consumer.until("started", [&] { return run.has('S'); });
    pid = run.pid;
    faults.fail(sys::Call::kill, EPERM, 0, -1);
    faults.fail(sys::Call::pidfd_send_signal, EPERM, 0, -1);
    consumer.shut_down();
    CHECK(is_alive(pid));
  }
  ::kill(pid, SIGKILL);
  CHECK(::waitpid(pid, nullptr, 0) == pid);
  residue.check_threads();
}
