// design.md, the event contract: the order of each execution's events, and one answer for each waiter.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

void check_answers(const Run& run, std::vector<uint64_t> waiters) {
  std::vector<uint64_t> answered = run.waits;
  std::sort(answered.begin(), answered.end());
  std::sort(waiters.begin(), waiters.end());
  CHECK(answered == waiters);
  CHECK_MESSAGE(keeps_contract(run.log), run.log.substr(0, 200));
}

}  // namespace

TEST_CASE("the judge of logs knows right from wrong") {
  for (const char* good : {"SRX", "SoReXW", "SeeooRX", "F", "FWW", "SRoX"}) CHECK(keeps_contract(good));
  for (const char* bad : {"", "S", "SX", "RX", "SoX", "SRRX", "SRXX", "SRXo", "SRWX", "SRXWo", "FX", "SF", "oSRX", "SRXR",
                          "FF", "W"}) {
    CHECK_FALSE_MESSAGE(keeps_contract(bad), bad);
  }
}

TEST_CASE("each execution's log is S[oe]*X with one R, and then its answers") {
  const Residue residue;
  {
    Consumer consumer;
    std::vector<SpawnRequest> requests;
    requests.push_back(shell("exit 0"));
    requests.push_back(shell("exit 3"));
    requests.push_back(shell("echo out; echo err >&2"));
    requests.push_back(shell("kill -KILL $$"));
    requests.push_back(shell("exec >&- 2>&-; exit 4"));
    requests.push_back(shell("echo before; exec >&- 2>&-; kill -TERM $$"));
    requests.push_back(fixture("writer", {"300000", "300000"}));
    requests.push_back(program({"/no/such/program"}));
    requests.push_back(with_stdin(shell("read line")));
    for (SpawnRequest request : {shell("echo unseen"), shell("echo unseen >&2; exit 5")}) {
      request.stdio[1] = request.stdio[2] = StdioMode::ignore;
      requests.push_back(request);
    }
    for (int i = 0; i < 4; i++) {
      std::map<uint64_t, uint64_t> waiters;
      for (const SpawnRequest& request : requests) {
        Run& run = consumer.start(request);
        if (i % 2 == 0) waiters[run.id] = consumer.wait(run);
        if (request.stdio[0] == StdioMode::pipe) consumer.end(run);
      }
      consumer.settle_all();
      for (const auto& [id, waiter] : waiters) check_answers(*consumer.runs().at(id), {waiter});
    }
    consumer.exit_pump_barrier();
    for (const auto& [id, run] : consumer.runs()) CHECK_MESSAGE(keeps_contract(run->log), run->log);
  }
  residue.check_threads();
}

TEST_CASE("Exit tells how it ended") {
  Consumer consumer;
  Run& code = consumer.start(shell("exit 37"));
  Run& signal = consumer.start(shell("kill -USR1 $$"));
  Run& busy = consumer.start(shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i"));
  consumer.settle_all();
  CHECK(code.outcome.code == 37);
  CHECK(code.outcome.signal == 0);
  CHECK(code.outcome.pid == code.pid);
  CHECK(code.outcome.cause == Cause::none);
  CHECK(code.outcome.cut == 0);
  CHECK(code.outcome.status_errno == 0);
  CHECK(signal.outcome.code == -1);
  CHECK(signal.outcome.signal == SIGUSR1);
  CHECK(signal.outcome.cause == Cause::none);
  CHECK(busy.out == "20000\n");
  CHECK(busy.outcome.user_ms + busy.outcome.system_ms > 0);
  CHECK(busy.outcome.max_rss_bytes > 100'000);
  CHECK(busy.outcome.duration_ms > 0);
  // What was known when it was reaped is what is known at the end.
  CHECK(code.reaped.code == 37);
  CHECK(signal.reaped.signal == SIGUSR1);
}

TEST_CASE("a waiter gets its answer after Exit, whenever it came") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  FaultGuard faults;
  const long start = faults.hold(sys::Call::posix_spawn);

  // While the child is being started.
  Run& run = consumer.start(shell("(read line <\"$1\"; echo late) & echo early", {gate.path()}));
  faults.await_held(start);
  std::vector<uint64_t> waiters = {consumer.wait(run)};
  CHECK(run.log.empty());
  faults.release(start);

  // Inside callbacks.
  std::set<EventType> heard;
  run.on_event = [&](const Event& event) {
    if (heard.insert(event.type).second) waiters.push_back(consumer.wait(run));
  };
  consumer.until("reaped", [&] { return run.has('R') && run.out == "early\n"; });
  // After Reaped, while a grandchild still holds the outputs: nobody is answered.
  waiters.push_back(consumer.wait(run));
  consumer.exit_pump_barrier();
  CHECK_FALSE(run.has('X'));
  CHECK(run.waits.empty());

  gate.release();
  // Between Exit's posting and its taking.
  REQUIRE(consumer.tenant()->wait_until_empty(60'000));
  waiters.push_back(consumer.wait(run));
  CHECK_FALSE(run.has('X'));
  consumer.settle(run);
  CHECK(run.out == "early\nlate\n");
  // Long after.
  waiters.push_back(consumer.wait(run));
  consumer.until("all are answered", [&] { return run.waits.size() == waiters.size(); });
  consumer.exit_pump_barrier();
  check_answers(run, waiters);
  CHECK(heard.contains(EventType::started));
  CHECK(heard.contains(EventType::output));
  CHECK(heard.contains(EventType::reaped));
  CHECK(heard.contains(EventType::exit));
  CHECK(heard.contains(EventType::wait));
}

TEST_CASE("a waiter that comes while Exit is on its way is answered once") {
  Consumer consumer;
  for (int i = 0; i < 200; i++) {
    Run& run = consumer.start(shell("exit 0"));
    std::vector<uint64_t> waiters;
    // Registered as fast as possible until the tenant has forgotten the execution: some of them meet its last moment.
    while (consumer.tenant()->live() > 0) {
      if (waiters.size() < 500) waiters.push_back(consumer.wait(run));
    }
    waiters.push_back(consumer.wait(run));
    consumer.until("all are answered", [&] { return run.waits.size() >= waiters.size(); });
    check_answers(run, waiters);
  }
}

TEST_CASE("a thousand waiters") {
  Consumer consumer;
  Run& ended = consumer.start(shell("exit 0"));
  consumer.settle(ended);
  TemporaryFolder folder;
  Gate gate(folder);
  Run& run = consumer.start(shell("read line <\"$1\"", {gate.path()}));
  std::vector<uint64_t> waiters;
  std::vector<uint64_t> late;
  for (int i = 0; i < 1000; i++) {
    waiters.push_back(consumer.wait(run));
    late.push_back(consumer.wait(ended));
  }
  // Registering doesn't stand in the way of kill().
  CHECK(consumer.kill(run, 0));
  gate.release();
  consumer.until("all are answered", [&] { return run.waits.size() == 1000 && ended.waits.size() == 1000; });
  check_answers(run, waiters);
  check_answers(ended, late);
  CHECK(run.log == "SRX" + std::string(1000, 'W'));
  // In the order in which they asked.
  CHECK(run.waits == waiters);
}

TEST_CASE("waiters of a start that failed") {
  Consumer consumer;
  FaultGuard faults;
  const long start = faults.hold(sys::Call::posix_spawn);
  Run& run = consumer.start(program({"/no/such/program"}));
  std::vector<uint64_t> waiters = {consumer.wait(run)};
  faults.await_held(start);
  waiters.push_back(consumer.wait(run));
  faults.release(start);
  REQUIRE(consumer.tenant()->wait_until_empty(60'000));
  waiters.push_back(consumer.wait(run));
  consumer.settle(run);
  waiters.push_back(consumer.wait(run));
  consumer.until("all are answered", [&] { return run.waits.size() == waiters.size(); });
  check_answers(run, waiters);
  CHECK(run.log == "FWWWW");
}

TEST_CASE("Started comes at once where it is asked for, and soon where it isn't") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  SpawnRequest request = shell("read line <\"$1\"", {gate.path()});
  Run& lazy = consumer.start(request);
  request.started_now = true;
  Run& at_once = consumer.start(request);
  Run& asked = consumer.start(request);
  Engine::expect_started(*asked.execution);
  // Nothing else happens meanwhile: Started itself has to bring the wake.
  consumer.until("all have started", [&] { return lazy.has('S') && at_once.has('S') && asked.has('S'); });
  gate.release(3);
  consumer.settle_all();
}
