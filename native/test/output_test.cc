// Every byte, in order, within its credit.
#include <doctest/doctest.h>
#include <signal.h>

#include <cstring>

#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/pattern_check.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

void check_pattern(Run& run, PatternCheck* check) {
  run.on_output = [check](int, const char* data, size_t size) {
    check->add(data, size);
    return true;
  };
}

// `count` executions, at most `parallel` at a time.
void in_parallel(Consumer& consumer, size_t count, size_t parallel, const std::function<Run&(size_t)>& start) {
  std::vector<Run*> running;
  size_t started = 0;
  while (started < count || !running.empty()) {
    while (started < count && running.size() < parallel) running.push_back(&start(started++));
    consumer.until("one settles", [&] {
      return std::erase_if(running, [](Run* run) { return run->settled(); }) > 0;
    });
  }
}

// What the pump has been doing so far is over: an execution of its own has gone through it.
void pumps_barrier(Consumer& consumer) {
  Run* probes[8];
  for (Run*& probe : probes) probe = &consumer.start(shell("echo probe"));
  for (Run* probe : probes) {
    consumer.settle(*probe);
    CHECK(probe->out == "probe\n");
  }
}

}  // namespace

TEST_CASE("500 short commands at 1, 16 and 64 in parallel lose nothing") {
  const Residue residue;
  {
    Consumer consumer;
    for (const size_t parallel : {1, 16, 64}) {
      CAPTURE(parallel);
      in_parallel(consumer, parallel == 1 ? 100 : 200, parallel, [&](size_t i) -> Run& {
        return consumer.start(shell("echo $1; echo $1 >&2; exit 0", {std::to_string(i)}));
      });
      for (const auto& [id, run] : consumer.runs()) {
        CHECK(keeps_contract(run->log));
        CHECK(run->out.size() > 1);
        CHECK(run->out == run->err);
        CHECK(run->outcome.code == 0);
      }
      consumer.runs().clear();
    }
  }
  residue.check_threads();
}

TEST_CASE("1 MiB written right before _exit, at 1, 16 and 64 in parallel") {
  const Residue residue;
  constexpr uint64_t kSize = 1 << 20;
  {
    Consumer consumer;
    for (const size_t parallel : {1, 16, 64}) {
      CAPTURE(parallel);
      const size_t count = parallel == 1 ? 20 : 64;
      std::vector<PatternCheck> checks(count);
      in_parallel(consumer, count, parallel, [&](size_t i) -> Run& {
        checks[i].seed = i;
        Run& run = consumer.start(
            fixture("writer", {std::to_string(kSize), std::to_string(kSize), std::to_string(i), i % 2 == 0 ? "1" : "2"}));
        check_pattern(run, &checks[i]);
        return run;
      });
      for (const PatternCheck& check : checks) {
        CHECK(check.equal);
        CHECK(check.offset == kSize);
      }
      for (const auto& [id, run] : consumer.runs()) {
        CHECK(keeps_contract(run->log));
        CHECK(run->outcome.code == 0);
        CHECK(run->outcome.cut == 0);
      }
      consumer.runs().clear();
    }
  }
  residue.check_threads();
}

TEST_CASE("one byte at a time, and chunks of odd sizes") {
  Consumer consumer;
  std::vector<std::pair<uint64_t, uint64_t>> shapes = {
      {20'000, 1}, {200'000 * 33, 33}, {1'000'003, 4097}, {3'000'001, 65'537}, {0, 1}, {1, 1}, {65'536, 65'536}};
  std::vector<PatternCheck> checks(shapes.size());
  for (size_t i = 0; i < shapes.size(); i++) {
    checks[i].seed = i;
    Run& run = consumer.start(fixture(
        "writer", {std::to_string(shapes[i].first), std::to_string(shapes[i].second), std::to_string(i)}));
    check_pattern(run, &checks[i]);
  }
  consumer.settle_all();
  for (size_t i = 0; i < shapes.size(); i++) {
    CAPTURE(i);
    CHECK(checks[i].equal);
    CHECK(checks[i].offset == shapes[i].first);
  }
}

TEST_CASE("a flood of 256 MiB through slabs") {
  constexpr uint64_t kSize = 256 << 20;
  Consumer consumer;
  uint64_t zeroes = 0;
  size_t largest = 0;
  Run& run = consumer.start(with_window(
      program({"/usr/bin/head", "-c", std::to_string(kSize), "/dev/zero"}), 8 << 20));
  run.on_output = [&](int, const char* data, size_t size) {
    largest = std::max(largest, size);
    // All its bytes are zero: the first is, and each equals the one before it.
    if (data[0] == 0 && std::memcmp(data, data + 1, size - 1) == 0) zeroes += size;
    return true;
  };
  consumer.settle(run);
  CHECK(zeroes == kSize);
  CHECK(run.outcome.cut == 0);
  // Slabs, and none larger.
  CHECK(largest <= kSlabBytes);
  CHECK(largest > 64 * 1024);
}

TEST_CASE("never more than the window is outstanding, and each credit is used up to its last byte") {
  for (const int64_t window : {1, 7, 4096, 10'007, 65'536, 100'000, 700'001}) {
    CAPTURE(window);
    Consumer consumer;
    PatternCheck check;
    const int64_t total = std::max<int64_t>(4 * window + 17, 3000);
    Run& run = consumer.start(
        with_window(fixture("writer", {std::to_string(total), "50000"}), window));
    run.grants = false;
    int64_t outstanding = 0;
    run.on_output = [&](int, const char* data, size_t size) {
      check.add(data, size);
      outstanding += static_cast<int64_t>(size);
      CHECK(outstanding <= window);
      return false;
    };
    OutputStream& stream = run.execution->output[0];
    int64_t received = 0;
    for (const int64_t credit : {int64_t{1}, window / 2, window, window - window / 3}) {
      consumer.until("the window is full", [&] { return outstanding == window; });
      pumps_barrier(consumer);
      CHECK(outstanding == window);
      CHECK(stream.outstanding == window);
      CHECK(stream.stalled);
      CHECK_FALSE(run.has('X'));
      received += credit;
      outstanding -= credit;
      consumer.grant(run, 1, credit);
    }
    consumer.until("the window is full again", [&] { return outstanding == window; });
    CHECK(static_cast<int64_t>(check.offset) == received + window);
    // From here on all is used up at once.
    outstanding = 0;
    run.on_output = [&](int, const char* data, size_t size) {
      check.add(data, size);
      return true;
    };
    consumer.grant(run, 1, window);
    consumer.settle(run);
    CHECK(check.equal);
    CHECK(static_cast<int64_t>(check.offset) == total);
    CHECK(run.outcome.cut == 0);
  }
}

TEST_CASE("a stalled execution delays no other, and its stdout not its stderr") {
  Consumer consumer;
  TemporaryFolder folder;
  Gate gate(folder);
  Run& stalled = consumer.start(with_window(
      shell("yes & i=0; while [ $i -lt 3000 ]; do echo $i >&2; i=$((i+1)); done; read line <\"$1\"; kill $!",
            {gate.path()}),
      10'000));
  stalled.on_output = [&](int stream, const char* data, size_t size) {
    if (stream == 2) stalled.err.append(data, size);
    return stream == 2;
  };
  consumer.until("stdout is stalled", [&] { return stalled.received[0] == 10'000; });
  std::string expected;
  for (int i = 0; i < 3000; i++) expected += std::to_string(i) + "\n";
  consumer.until("all of stderr", [&] { return stalled.err.size() >= expected.size(); });
  CHECK(stalled.err == expected);
  for (int i = 0; i < 20; i++) pumps_barrier(consumer);
  CHECK(stalled.received[0] == 10'000);
  CHECK(stalled.execution->output[0].stalled);
  gate.release();
  consumer.cancel(stalled, 1);
  consumer.settle(stalled);
  CHECK(stalled.received[0] == 10'000);
  CHECK(stalled.outcome.cut == 1);
  CHECK(keeps_contract(stalled.log));
}

TEST_CASE("a held stream waits for its consumer, from before its start or in its middle") {
  Consumer consumer;
  FaultGuard faults;
  const long start = faults.hold(sys::Call::posix_spawn);
  Run& run = consumer.start(with_window(fixture("writer", {"200000", "1000"}), 30'000));
  faults.await_held(start);
  consumer.hold(run, 1, true);
  faults.release(start);
  consumer.until("started", [&] { return run.has('S'); });
  pumps_barrier(consumer);
  CHECK(run.received[0] == 0);
  PatternCheck check;
  bool pause = true;
  run.on_output = [&](int, const char* data, size_t size) {
    check.add(data, size);
    if (pause) consumer.hold(run, 1, true);
    return true;
  };
  for (int i = 0; i < 3; i++) {
    const uint64_t before = check.offset;
    consumer.hold(run, 1, false);
    consumer.until("some output", [&] { return check.offset > before; });
    pumps_barrier(consumer);
    const uint64_t after = check.offset;
    pumps_barrier(consumer);
    CHECK(check.offset == after);
    CHECK(after < 200'000);
  }
  pause = false;
  consumer.hold(run, 1, false);
  consumer.settle(run);
  CHECK(check.equal);
  CHECK(check.offset == 200'000);
}

TEST_CASE("a stream that is cancelled: before its start, in its middle, at its end, and twice") {
  const Residue residue;
  {
    Consumer consumer;
    FaultGuard faults;
    const long start = faults.hold(sys::Call::posix_spawn);
    Run& before = consumer.start(shell("yes; echo $? >&2"));
    faults.await_held(start);
    consumer.cancel(before, 1);
    faults.release(start);
    consumer.settle(before);
    CHECK(before.out.empty());
    // `yes` was ended by the closed pipe, and its shell told so on the other stream.
    CHECK(before.err == "141\n");
    CHECK(before.outcome.code == 0);
    CHECK(before.outcome.cut == 1);

    Run& middle = consumer.start(shell("yes; echo $? >&2"));
    middle.on_output = [](int, const char*, size_t) { return true; };
    consumer.until("a flood", [&] { return middle.received[0] > 3'000'000; });
    consumer.cancel(middle, 1);
    consumer.cancel(middle, 1);
    consumer.settle(middle);
    CHECK(middle.outcome.cut == 1);
    CHECK(keeps_contract(middle.log));

    Run& ended = consumer.start(shell("exec >&-; echo closed >&2; exec sleep 1000"));
    consumer.until("stdout is closed", [&] { return ended.err == "closed\n"; });
    pumps_barrier(consumer);
    consumer.cancel(ended, 1);
    consumer.kill(ended, SIGKILL);
    consumer.settle(ended);
    CHECK(ended.outcome.cut == 0);

    // Bytes of a busy stream that have been read and not posted go with it, and nothing is kept of the stream.
    for (int i = 0; i < 20; i++) {
      Run& busy = consumer.start(with_window(program({"/usr/bin/yes"}), 64 << 20));
      busy.on_output = [](int, const char*, size_t) { return true; };
      consumer.until("slabs", [&] { return busy.received[0] > 2'000'000; });
      consumer.cancel(busy, 1);
      consumer.settle(busy);
      CHECK(busy.outcome.signal == SIGPIPE);
      consumer.runs().clear();
    }
    pumps_barrier(consumer);
  }
  residue.check_threads();
}

TEST_CASE("the end of each stream is told where it is wanted") {
  Consumer consumer;
  SpawnRequest request = shell("echo out; exec >&-; read line <\"$1\"; echo err >&2");
  TemporaryFolder folder;
  Gate gate(folder);
  request = shell("echo out; exec >&-; read line <\"$1\"; echo err >&2", {gate.path()});
  request.stream_ends = true;
  Run& run = consumer.start(request);
  consumer.until("stdout ends", [&] { return run.stream_ends == std::vector<int>{1}; });
  CHECK(run.out == "out\n");
  CHECK_FALSE(run.has('R'));
  gate.release();
  consumer.settle(run);
  CHECK(run.stream_ends == std::vector<int>{1, 2});
  CHECK(run.err == "err\n");
}

TEST_CASE("output that came before Started was told comes after it") {
  Consumer consumer;
  FaultGuard faults;
  // The launcher stands between the start and its announcement, while the child writes and ends.
  const long start = faults.hold(sys::Call::pidfd_open);
  Run& run = consumer.start(fixture("writer", {"60000", "60000"}));
  PatternCheck check;
  check_pattern(run, &check);
  faults.await_held(start);
  // Another execution goes all the way meanwhile.
  pumps_barrier(consumer);
  CHECK(run.log.empty());
  faults.release(start);
  consumer.settle(run);
  CHECK(run.log.front() == 'S');
  CHECK(keeps_contract(run.log));
  CHECK(check.equal);
  CHECK(check.offset == 60'000);
}

TEST_CASE("a request may ask for one output only") {
  Consumer consumer;
  for (int stream = 1; stream <= 2; stream++) {
    SpawnRequest request = shell("echo out; echo err >&2");
    request.stdio[3 - stream] = StdioMode::ignore;
    Run& run = consumer.start(request);
    consumer.settle(run);
    CHECK(run.out == (stream == 1 ? "out\n" : ""));
    CHECK(run.err == (stream == 2 ? "err\n" : ""));
    CHECK(keeps_contract(run.log));
  }
}

TEST_CASE("memory stays flat while nobody uses up what has come") {
  Consumer consumer;
  const size_t before = block_bytes();
  Run& run = consumer.start(with_window(shell("yes"), 4 << 20));
  run.grants = false;
  std::vector<char> kept;
  consumer.until("the window is full", [&] { return run.received[0] == 4 << 20; });
  for (int i = 0; i < 5; i++) pumps_barrier(consumer);
  CHECK(run.received[0] == 4 << 20);
  // What the engine holds of it: nothing but the slabs it uses again.
  CHECK(block_bytes() <= before + 8 * kSlabBytes + 64 * 1024);
  consumer.kill(run, SIGKILL);
  consumer.grant(run, 1, 64 << 20);
  consumer.settle(run);
  CHECK(keeps_contract(run.log));
}
