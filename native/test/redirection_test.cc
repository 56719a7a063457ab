// Streams that aren't ours: files, the caller's descriptors, stderr beside stdout.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

SpawnRequest to_file(SpawnRequest request, int stream, const std::string& path, bool append = false) {
  request.stdio[stream] = StdioMode::file;
  request.redirections[stream].path = path;
  request.redirections[stream].append = append;
  return request;
}

SpawnRequest to_descriptor(SpawnRequest request, int stream, int fd) {
  request.stdio[stream] = StdioMode::descriptor;
  const int duplicate = sys::duplicate(fd);
  if (duplicate < 0) request.redirections[stream].error = errno;
  else request.redirections[stream].descriptor = std::make_shared<OwnedFd>(duplicate);
  return request;
}

std::string output_of(Consumer& consumer, SpawnRequest request) {
  Run& run = consumer.start(std::move(request));
  consumer.settle(run);
  CHECK(run.outcome.code == 0);
  return run.out;
}

// `request` makes one: what it holds must be gone, too.
template <typename Make>
void check_refused(Consumer& consumer, Make request, int error, StartStage stage) {
  const Residue residue;
  Run& run = consumer.start(request());
  run.on_event = [&](const Event& event) {
    if (event.type == EventType::start_failed) residue.check();
  };
  consumer.wait(run);
  consumer.until("answered", [&] { return !run.waits.empty(); });
  CHECK(run.log == "FW");
  CHECK(run.start_error == error);
  CHECK(run.stage == stage);
}

}  // namespace

TEST_CASE("files are read, emptied and appended to") {
  TemporaryFolder folder;
  const Residue residue;
  {
    Consumer consumer;
    const std::string file = folder.write("file", "a long first content\n", 0644);
    CHECK(output_of(consumer, to_file(shell("cat"), 0, file)) == "a long first content\n");
    CHECK(output_of(consumer, to_file(shell("echo one"), 1, file)).empty());
    CHECK(output_of(consumer, to_file(shell("echo two >&2"), 2, file, true)).empty());
    CHECK(output_of(consumer, to_file(shell("cat"), 0, file)) == "one\ntwo\n");
  }
  residue.check();
}

TEST_CASE("stderr beside stdout goes the same way, in the order written") {
  Consumer consumer;
  SpawnRequest request = shell("echo a; echo b >&2; echo c");
  request.stdio[2] = StdioMode::joined;
  CHECK(output_of(consumer, std::move(request)) == "a\nb\nc\n");
}

TEST_CASE("a descriptor of the caller's is its own again when the child has been started") {
  TemporaryFolder folder;
  const Residue residue;
  {
    Consumer consumer;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    Run& from = consumer.start(to_descriptor(shell("echo through; exec sleep 0"), 1, ends[1]));
    Run& to = consumer.start(to_descriptor(shell("cat"), 0, ends[0]));
    ::close(ends[0]);
    ::close(ends[1]);
    // Were a copy left here, no end of file would come.
    consumer.settle(from);
    consumer.settle(to);
    CHECK(to.out == "through\n");
  }
  residue.check();
}

TEST_CASE("what can't be opened is told with its stream, and nothing is left") {
  TemporaryFolder folder;
  const Residue residue;
  {
    Consumer consumer;
    output_of(consumer, shell("true"));
    const std::string missing = folder.path("missing");
    const std::string whole = folder.path("");
    const std::string made = folder.path("made");
    const std::string deep = folder.path("none/at all");
    check_refused(consumer, [&] { return to_file(shell("cat"), 0, missing); }, ENOENT, StartStage::stdin_stream);
    check_refused(consumer, [&] { return to_file(shell("echo"), 1, whole); }, EISDIR, StartStage::stdout_stream);
    check_refused(consumer, [&] { return to_descriptor(shell("echo"), 2, 9999); }, EBADF, StartStage::stderr_stream);
    check_refused(consumer, [&] { return to_file(to_file(shell("echo"), 1, made), 2, deep); }, ENOENT,
                  StartStage::stderr_stream);
  }
  residue.check();
}

TEST_CASE("an open or a flag that fails is a start that fails") {
  FaultGuard guard;
  TemporaryFolder folder;
  Consumer consumer;
  output_of(consumer, shell("true"));
  const std::string file = folder.write("file", "read", 0644);
  for (const sys::Call call : {sys::Call::open, sys::Call::fcntl}) {
    for (const int error : {EMFILE, ENFILE, EACCES, ENOSPC}) {
      sys::reset_faults();
      // The first two flags are those of stdout's and stderr's pipes.
      const long after = call == sys::Call::fcntl ? 2 : 0;
      sys::arm_fault({.call = call, .action = sys::FaultAction::fail, .value = error, .after = after, .times = 1});
      check_refused(consumer, [&] { return to_file(shell("cat"), 0, file); }, error, StartStage::stdin_stream);
    }
  }
  sys::reset_faults();
  sys::arm_fault({.call = sys::Call::open, .action = sys::FaultAction::fail, .value = EINTR, .after = 0, .times = 5});
  CHECK(output_of(consumer, to_file(shell("cat"), 0, file)) == "read");
}

TEST_CASE("a start that is cancelled, or fails for another reason, closes what it was given") {
  const Residue residue;
  {
    Consumer consumer;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    const auto cancelled = [&] {
      SpawnRequest request = to_descriptor(shell("echo"), 1, ends[1]);
      request.cancelled = true;
      return request;
    };
    check_refused(consumer, cancelled, ECANCELED, StartStage::cancelled);
    const auto missing = [&] {
      SpawnRequest request = to_descriptor(shell("echo"), 1, ends[1]);
      request.file = "no-such-program";
      return request;
    };
    check_refused(consumer, missing, ENOENT, StartStage::program);
    ::close(ends[1]);
    char byte = 0;
    CHECK(::read(ends[0], &byte, 1) == 0);
    ::close(ends[0]);
  }
  residue.check();
}
