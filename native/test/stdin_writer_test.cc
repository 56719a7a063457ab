// StdinWriter alone, with a pipe that nobody but the test reads.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "core/stdin_writer.h"
#include "core/tenant.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

struct SilentSink final : EventSink {
  void wake() override {}
};

struct Stdin {
  Stdin() {
    // The engine's threads have all signals blocked; this is the test's own.
    ::signal(SIGPIPE, SIG_IGN);
    REQUIRE(poller.open() == 0);
    REQUIRE(sys::make_pipe(ends) == 0);
    REQUIRE(sys::set_nonblocking(ends[1]) == 0);
    reader = OwnedFd(ends[0]);
  }

  void start() {
    std::lock_guard lock(execution->stdin_stream.mutex);
    execution->stdin_stream.fd = OwnedFd(ends[1]);
  }

  bool enqueue(std::string bytes, uint64_t token) {
    StdinChunk chunk;
    chunk.size = bytes.size();
    chunk.copy = std::move(bytes);
    chunk.token = token;
    return StdinWriter::enqueue(*execution, std::move(chunk));
  }

  std::string read_all() {
    std::string result(1 << 20, 0);
    const ssize_t count = ::read(reader.get(), result.data(), result.size());
    result.resize(count > 0 ? static_cast<size_t>(count) : 0);
    return result;
  }

  std::vector<Event> events() {
    Batch batch;
    execution->tenant->queue.take(&batch);
    return std::move(batch.events);
  }

  // Whether the poller says that the pipe has room.
  bool reported() {
    std::vector<Poller::Ready> ready;
    poller.wait(0, &ready);
    for (const Poller::Ready& one : ready) CHECK(StdinWriter::from_token(one.token) == execution.get());
    return !ready.empty();
  }

  SilentSink sink;
  Poller poller;
  StdinWriter writer{&poller};
  int ends[2];
  OwnedFd reader;
  std::shared_ptr<Execution> execution =
      std::make_shared<Execution>(std::make_shared<Tenant>(&sink), with_stdin(program({"x"})));
};

}  // namespace

TEST_CASE("only the first chunk of an idle stream needs its thread") {
  Stdin in;
  CHECK_FALSE(in.enqueue("before the start", 1));
  in.start();
  CHECK_FALSE(in.enqueue("behind it", 2));
  CHECK_FALSE(in.writer.write_some(in.execution));
  CHECK(in.read_all() == "before the startbehind it");
  CHECK(in.enqueue("alone", 3));
  CHECK_FALSE(in.enqueue("behind", 4));
  CHECK_FALSE(StdinWriter::end(*in.execution));  // the writer is at work, and will see it
  CHECK_FALSE(in.writer.write_some(in.execution));
  CHECK(in.read_all() == "alonebehind");
  CHECK(in.read_all().empty());
  const std::vector<Event> events = in.events();
  REQUIRE(events.size() == 5);
  for (size_t i = 0; i < 4; i++) {
    CHECK(events[i].type == EventType::stdin_written);
    CHECK(events[i].number == i + 1);
    CHECK(events[i].error == 0);
  }
  CHECK(events[4].type == EventType::stdin_closed);
  CHECK(events[4].error == 0);
}

TEST_CASE("an end with nothing queued needs the thread") {
  Stdin in;
  in.start();
  CHECK(StdinWriter::end(*in.execution));
  CHECK_FALSE(StdinWriter::end(*in.execution));
  CHECK_FALSE(in.enqueue("too late", 1));
  CHECK_FALSE(in.writer.write_some(in.execution));
  CHECK_FALSE(in.execution->stdin_stream.fd);
  CHECK(in.read_all().empty());
}

TEST_CASE("a full pipe is waited for, however often") {
  Stdin in;
  in.start();
  const std::string bytes(300'000, 'x');
  CHECK(in.enqueue(bytes, 1));
  CHECK_FALSE(in.writer.write_some(in.execution));
  CHECK(in.execution->stdin_stream.watched);
  CHECK(in.execution.use_count() == 2);
  CHECK_FALSE(in.reported());
  size_t read = 0;
  while (read < bytes.size()) {
    read += in.read_all().size();
    if (read < bytes.size()) CHECK(in.reported());
    CHECK_FALSE(in.writer.write_some(in.execution));
  }
  CHECK(in.events().size() == 1);
  in.writer.close(*in.execution, 0);
  CHECK(in.execution.use_count() == 1);
}

TEST_CASE("a pipe that says EAGAIN and has room is reported again") {
  Stdin in;
  in.start();
  for (int i = 0; i < 3; i++) {
    sys::reset_faults();
    sys::arm_fault({sys::Call::write, sys::FaultAction::fail, EAGAIN, 0, 1});
    CHECK(in.enqueue("bytes", 1));
    CHECK_FALSE(in.writer.write_some(in.execution));
    CHECK(in.reported());
    CHECK_FALSE(in.writer.write_some(in.execution));
    CHECK(in.read_all() == "bytes");
  }
  sys::reset_faults();
  in.writer.close(*in.execution, 0);
}

TEST_CASE("a turn is bounded") {
  Stdin in;
  in.start();
  in.enqueue(std::string(10 << 20, 'x'), 1);
  // A reader as fast as the writer: each write goes through.
  REQUIRE(::fcntl(in.ends[1], F_SETPIPE_SZ, 1 << 20) >= 0);
  CHECK(in.writer.write_some(in.execution));
  CHECK(in.read_all().size() < (1 << 20));
  in.writer.close(*in.execution, EPIPE);
}

TEST_CASE("nobody reads any more: what is queued fails, once") {
  Stdin in;
  in.start();
  in.reader.reset();
  CHECK(in.enqueue("one", 1));
  CHECK_FALSE(in.enqueue("two", 2));
  CHECK_FALSE(in.writer.write_some(in.execution));
  in.writer.close(*in.execution, EPIPE);
  CHECK_FALSE(in.writer.write_some(in.execution));
  const std::vector<Event> events = in.events();
  REQUIRE(events.size() == 3);
  CHECK(events[0].error == EPIPE);
  CHECK(events[1].error == EPIPE);
  CHECK(events[2].type == EventType::stdin_closed);
  CHECK(events[2].error == EPIPE);
  CHECK_FALSE(in.enqueue("three", 3));
  CHECK(in.events().front().error == EPIPE);
}

TEST_CASE("a start that failed") {
  Stdin in;
  CHECK_FALSE(in.enqueue("one", 1));
  StdinWriter::refuse(*in.execution, ENOENT);
  CHECK_FALSE(in.enqueue("two", 2));
  const std::vector<Event> events = in.events();
  REQUIRE(events.size() == 2);
  CHECK(events[0].error == ENOENT);
  CHECK(events[1].error == EPIPE);
  ::close(in.ends[1]);
}
