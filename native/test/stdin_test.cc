// Bytes for a child's stdin: all of them, in order, then its end; or a typed error for each that wasn't taken.
#include <doctest/doctest.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "core/stream_pump.h"
#include "fixtures/pattern.h"
#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

std::string pattern_of(size_t size, uint64_t seed = 0) {
  std::string result(size, 0);
  fill_pattern(result.data(), size, 0, seed);
  return result;
}

// A chunk whose bytes stay the writer's.
StdinChunk borrowed(const std::string& bytes, uint64_t token) {
  StdinChunk chunk;
  chunk.data = bytes.data();
  chunk.size = bytes.size();
  chunk.token = token;
  return chunk;
}

// Served by the same pump, of as many as there are. The child must not end by itself.
Run& start_beside(Consumer& consumer, const Run& other, const SpawnRequest& request) {
  for (;;) {
    Run& run = consumer.start(request);
    if (run.execution->pump == other.execution->pump) return run;
    consumer.kill(run, SIGKILL);
    consumer.settle(run);
  }
}

void check_written(const Run& run, size_t count, int error) {
  CHECK(run.written.size() == count);
  for (size_t i = 0; i < run.written.size(); i++) {
    CHECK(run.written[i].token == i + 1);
    CHECK(run.written[i].error == error);
  }
}

}  // namespace

TEST_CASE("100 MB through cat and back, at most two chunks on their way") {
  constexpr size_t kChunk = 1 << 20;
  constexpr size_t kChunks = 100;
  const Residue residue;
  {
    const std::string bytes = pattern_of(kChunk);
    Consumer consumer;
    Run& run = consumer.start(with_stdin(program({"/bin/cat"})));
    uint64_t offset = 0;
    bool equal = true;
    run.on_output = [&](int, const char* data, size_t size) {
      for (size_t done = 0; done < size;) {
        const size_t at = (offset + done) % kChunk;
        const size_t part = std::min(size - done, kChunk - at);
        equal = equal && std::memcmp(data + done, bytes.data() + at, part) == 0;
        done += part;
      }
      offset += size;
      return true;
    };
    for (uint64_t token = 1; token <= kChunks; token++) {
      consumer.write(run, borrowed(bytes, token));
      consumer.until("there is room", [&] { return token - run.written.size() < 2; });
    }
    consumer.end(run);
    consumer.settle(run);
    CHECK(equal);
    CHECK(offset == kChunk * kChunks);
    check_written(run, kChunks, 0);
    CHECK(run.stdin_closes == 1);
    CHECK(run.stdin_error == 0);
    CHECK(run.outcome.code == 0);
    CHECK(keeps_contract(run.log));
  }
  residue.check_threads();
}

TEST_CASE("half-close: the child sees the end and goes on") {
  Consumer consumer;
  Run& run = consumer.start(with_stdin(shell("cat; echo after the end")));
  consumer.write(run, "one ", 1);
  consumer.write(run, "", 2);
  consumer.write(run, "two ", 3);
  consumer.until("both have come back", [&] { return run.out == "one two "; });
  CHECK(run.stdin_closes == 0);
  consumer.end(run);
  consumer.end(run);
  consumer.settle(run);
  CHECK(run.out == "one two after the end\n");
  check_written(run, 3, 0);
  CHECK(run.stdin_closes == 1);
}

TEST_CASE("an answer for each question") {
  Consumer consumer;
  Run& run = consumer.start(with_stdin(shell("while read line; do echo \"<$line>\"; done")));
  for (uint64_t i = 1; i <= 200; i++) {
    consumer.write(run, std::to_string(i) + "\n", i);
    const std::string answer = "<" + std::to_string(i) + ">\n";
    consumer.until("the answer", [&] { return run.out.ends_with(answer); });
  }
  consumer.end(run);
  consumer.settle(run);
  check_written(run, 200, 0);
}

TEST_CASE("writes and the end before the start") {
  Consumer consumer;
  FaultGuard faults;
  const long start = faults.hold(sys::Call::posix_spawn);
  const std::string bytes = pattern_of(300'000);
  Run& run = consumer.start(with_stdin(program({"/bin/cat"})));
  faults.await_held(start);
  consumer.write(run, "first ", 1);
  consumer.write(run, borrowed(bytes, 2));
  consumer.write(run, " last", 3);
  consumer.end(run);
  CHECK(run.written.empty());
  faults.release(start);
  consumer.settle(run);
  CHECK(run.out == "first " + bytes + " last");
  check_written(run, 3, 0);
}

TEST_CASE("an end before the start, and nothing else") {
  Consumer consumer;
  Run& run = consumer.start(with_stdin(program({"/bin/cat"})));
  consumer.end(run);
  consumer.settle(run);
  CHECK(run.out.empty());
  CHECK(run.outcome.code == 0);
  CHECK(run.stdin_closes == 1);
}

TEST_CASE("writes after the end and after Exit are refused") {
  Consumer consumer;
  Run& run = consumer.start(with_stdin(program({"/bin/cat"})));
  consumer.end(run);
  consumer.write(run, "late", 1);
  consumer.settle(run);
  consumer.write(run, "later", 2);
  consumer.until("an answer", [&] { return run.written.size() == 2; });
  check_written(run, 2, EPIPE);
  CHECK(run.out.empty());
}

TEST_CASE("no stdin to write to") {
  Consumer consumer;
  Run& run = consumer.start(program({"/bin/cat"}));
  consumer.write(run, "nobody reads this", 1);
  consumer.end(run);
  consumer.settle(run);
  consumer.until("an answer", [&] { return run.written.size() == 1; });
  check_written(run, 1, EPIPE);
  CHECK(run.stdin_closes == 0);
  CHECK(run.out.empty());
}

TEST_CASE("a child that closes its stdin: EPIPE for what it didn't take, and it runs on") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  Run& run = consumer.start(with_stdin(shell("exec <&-; echo closed; read line <\"$1\"; echo end", {gate.path()})));
  consumer.until("closed", [&] { return run.out == "closed\n"; });
  consumer.write(run, "one", 1);
  consumer.write(run, "two", 2);
  consumer.until("both are refused", [&] { return run.written.size() == 2; });
  check_written(run, 2, EPIPE);
  consumer.until("told once", [&] { return run.stdin_closes == 1; });
  CHECK(run.stdin_error == EPIPE);
  CHECK_FALSE(run.has('R'));
  gate.release();
  consumer.settle(run);
  CHECK(run.out == "closed\nend\n");
  CHECK(run.stdin_closes == 1);
}

TEST_CASE("a child that ends without reading: its stdin is closed before Exit, and no descriptor is left") {
  const std::string bytes = pattern_of(1 << 20);
  const Residue residue;
  {
    Consumer consumer;
    // What the engine itself holds open: the descriptors of its pollers.
    const std::set<int> before = open_descriptors();
    for (int i = 0; i < 20; i++) {
      Run& run = consumer.start(with_stdin(shell("read line; exit 3")));
      consumer.write(run, "a line\n", 1);
      consumer.write(run, borrowed(bytes, 2));
      consumer.write(run, "never read", 3);
      bool open_at_exit = false;
      run.on_event = [&](const Event& event) {
        if (event.type == EventType::exit) open_at_exit = open_descriptors() != before || run.stdin_closes != 1;
      };
      consumer.settle(run);
      CHECK_FALSE(open_at_exit);
      CHECK(run.outcome.code == 3);
      CHECK(run.stdin_error == EPIPE);
      REQUIRE(run.written.size() == 3);
      CHECK(run.written[0].error == 0);
      CHECK(run.written[1].error == EPIPE);
      CHECK(run.written[2].error == EPIPE);
      CHECK(keeps_contract(run.log));
    }
  }
  residue.check_threads();
}

TEST_CASE("a grandchild that only holds stdin doesn't hold up Exit") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  Run& run = consumer.start(
      with_stdin(shell("(exec >&- 2>&-; read line <\"$1\") <&0 & echo gone", {gate.path()})));
  consumer.settle(run);
  CHECK(run.out == "gone\n");
  CHECK(run.stdin_closes == 1);
  CHECK(run.stdin_error == EPIPE);
  gate.release();
}

TEST_CASE("a start that fails refuses what was queued") {
  Consumer consumer;
  FaultGuard faults;
  const long start = faults.hold(sys::Call::posix_spawn);
  Run& run = consumer.start(with_stdin(program({"/no/such/program"})));
  faults.await_held(start);
  consumer.write(run, "one", 1);
  consumer.write(run, "two", 2);
  faults.release(start);
  consumer.settle(run);
  check_written(run, 2, ENOENT);
  consumer.write(run, "three", 3);
  consumer.until("refused", [&] { return run.written.size() == 3; });
  CHECK(run.written[2].error == EPIPE);
}

TEST_CASE("a pipe that takes little at a time") {
  for (const long bytes : {1L, 7L, 4096L}) {
    CAPTURE(bytes);
    Consumer consumer;
    FaultGuard faults;
    faults.shorten(sys::Call::write, bytes);
    const std::string input = pattern_of(bytes == 1 ? 5'000 : 100'000);
    Run& run = consumer.start(with_stdin(program({"/bin/cat"})));
    consumer.write(run, borrowed(input, 1));
    consumer.end(run);
    consumer.settle(run);
    CHECK(run.out == input);
    check_written(run, 1, 0);
  }
}

TEST_CASE("a slow reader holds up its own stdin only") {
  TemporaryFolder folder;
  Gate gate(folder);
  Consumer consumer;
  const std::string bytes = pattern_of(1 << 20);
  Run& slow = consumer.start(with_stdin(shell("read line <\"$1\"; cat", {gate.path()})));
  consumer.write(slow, borrowed(bytes, 1));
  for (int i = 0; i < 20; i++) {
    Run& other = consumer.start(with_stdin(program({"/bin/cat"})));
    consumer.write(other, borrowed(bytes, 1));
    consumer.end(other);
    consumer.settle(other);
    CHECK(other.out == bytes);
  }
  CHECK(slow.written.empty());
  gate.release();
  consumer.end(slow);
  consumer.settle(slow);
  CHECK(slow.out == bytes);
}

TEST_CASE("stdin that is reported and closed in the same round of its pump") {
  // The pump learns at once that the child has closed its side and that the execution is over. By the time it looks
  // at the first, everybody else has let the execution go.
  TemporaryFolder folder;
  Gate first_gate(folder, "first");
  Gate second_gate(folder, "second");
  Gate end_gate(folder, "end");
  Gate written(folder, "written");
  const std::string bytes = pattern_of(1 << 20);
  Consumer consumer;
  FaultGuard faults;
  Run& first = consumer.start(
      shell("read line <\"$1\"; echo first; read line <\"$2\"", {first_gate.path(), end_gate.path()}));
  SpawnRequest request = with_stdin(program({"/bin/sleep", "1000"}));
  request.stdio[1] = request.stdio[2] = StdioMode::ignore;
  Run& ending = start_beside(consumer, first, request);
  Run& second = start_beside(consumer, first,
                             shell("read line <\"$1\"; echo second; echo written >\"$2\"; read line <\"$3\"",
                                   {second_gate.path(), written.path(), end_gate.path()}));
  consumer.write(ending, borrowed(bytes, 1));
  consumer.until("all have started", [&] { return first.has('S') && ending.has('S') && second.has('S'); });
  const auto watched = [](StdinStream& in) {
    std::lock_guard lock(in.mutex);
    return in.watched;
  };
  while (!watched(ending.execution->stdin_stream)) std::this_thread::yield();

  const long reading_first = faults.hold(sys::Call::read);
  first_gate.release();
  faults.await_held(reading_first);
  // For the next round, in this order: another stream, and then the stdin whose reader has gone.
  second_gate.release();
  CHECK(written.read_line() == "written");
  consumer.kill(ending, SIGKILL);
  while (ending.execution->open_ends > 0) std::this_thread::yield();
  consumer.exit_pump_barrier();
  const long reading_second = faults.hold(sys::Call::read);
  faults.release(reading_first);
  faults.await_held(reading_second);
  // The command that closes it has been carried out.
  consumer.settle(ending);
  CHECK(ending.outcome.signal == SIGKILL);
  CHECK(ending.stdin_closes == 1);
  consumer.runs().erase(ending.id);
  consumer.exit_pump_barrier();
  faults.release(reading_second);
  end_gate.release(2);
  consumer.settle_all();
  CHECK(first.out == "first\n");
  CHECK(second.out == "second\n");
}

TEST_CASE("an execution that is left running gives the writer's bytes back before the teardown ends") {
  auto bytes = std::make_unique<std::string>(pattern_of(1 << 20));
  Consumer staying;
  Consumer leaving;
  FaultGuard faults;
  Run& run = leaving.start(with_stdin(shell("cat >/dev/null")));
  leaving.until("started", [&] { return run.has('S'); });
  {
    std::lock_guard lock(run.execution->mutex);
    run.execution->leave_at_exit = true;
  }
  const long writing = faults.hold(sys::Call::write);
  leaving.write(run, borrowed(*bytes, 1));
  faults.await_held(writing);
  std::atomic<bool> over = false;
  std::thread teardown([&] {
    leaving.shut_down();
    over = true;
    bytes.reset();
  });
  while (!leaving.tenant()->closed()) std::this_thread::yield();
  staying.exit_pump_barrier();
  CHECK_FALSE(over);
  faults.release(writing);
  teardown.join();
  await_gone(run.pid);
}
