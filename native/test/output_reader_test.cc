// OutputReader alone, with a pipe that nobody but the test writes to.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <new>
#include <thread>
#include <utility>

#include "core/exit_pump.h"
#include "core/output_reader.h"
#include "core/stream_pump.h"
#include "core/tenant.h"
#include "support/fault_guard.h"
#include "support/pattern_check.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

// Called once, in the middle of whatever asks for memory next on this thread.
thread_local std::function<void()>* at_next_allocation = nullptr;

}  // namespace

// Not inlined: the compiler would see free() of what an operator new has returned, and warn.
[[gnu::noinline]] void* operator new(size_t size) {
  if (auto* const action = std::exchange(at_next_allocation, nullptr)) (*action)();
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace {

// So many bytes of a stream that are there at once make it a busy one: what comes then is gathered in slabs.
constexpr size_t kMakesBusy = 2 * 64 * 1024;
constexpr size_t kPipeBytes = 1 << 20;

struct SilentSink final : EventSink {
  void wake() override {}
};

struct Output {
  explicit Output(int64_t window) {
    int ends[2];
    REQUIRE(poller.open() == 0);
    REQUIRE(sys::make_pipe(ends) == 0);
    REQUIRE(sys::set_nonblocking(ends[0]) == 0);
    REQUIRE(sys::set_pipe_size(ends[0], kPipeBytes) >= 0);
    writer = OwnedFd(ends[1]);
    execution = std::make_shared<Execution>(std::make_shared<Tenant>(&sink), with_window(program({"x"}), window));
    stream = &execution->output[0];
    stream->keep_alive = execution;
    stream->fd = OwnedFd(ends[0]);
    stream->holds = 0;
    REQUIRE(poller.add_reader(stream->fd.get(), stream) == 0);
  }
  ~Output() {
    reader.close(*stream);
    turn.end();
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(size_t size) {
    std::string bytes(size, 0);
    fill_pattern(bytes.data(), size, written);
    written += size;
    REQUIRE(::write(writer.get(), bytes.data(), size) == static_cast<ssize_t>(size));
  }

  // How many bytes have been handed over so far.
  uint64_t delivered() {
    Batch batch;
    execution->tenant->queue.take(&batch);
    for (const Event& event : batch.events) {
      REQUIRE(event.type == EventType::output);
      check.add(event.block ? event.block->data : batch.bytes.data() + event.number, event.size);
    }
    CHECK(check.equal);
    return check.offset;
  }

  SilentSink sink;
  Poller poller;
  ExitPump exit_pump;
  PumpTurn turn;
  OutputReader reader{&poller, &exit_pump, &turn};
  OwnedFd writer;
  std::shared_ptr<Execution> execution;
  OutputStream* stream;
  uint64_t written = 0;
  PatternCheck check;
};

}  // namespace

TEST_CASE("credit that comes between the look for it and the flag that asks for it isn't lost") {
  constexpr size_t kGathered = 300'000;
  constexpr int64_t kWindow = kMakesBusy + kGathered;
  Output output(kWindow);
  StreamPump pump(&output.exit_pump);
  output.write(kMakesBusy);
  output.reader.read(*output.stream, false);
  CHECK(output.delivered() == kMakesBusy);

  output.write(2 * kGathered);
  // It has seen that there is no credit, and hands over what it has gathered before it asks for more.
  bool asked = true;
  int64_t outstanding = 0;
  std::function<void()> grant = [&] {
    asked = output.stream->stalled;
    outstanding = output.stream->outstanding;
    pump.grant(*output.execution, 1, kWindow);
  };
  at_next_allocation = &grant;
  output.reader.read(*output.stream, false);
  REQUIRE(at_next_allocation == nullptr);
  CHECK_FALSE(asked);
  CHECK(outstanding == kWindow);

  CHECK_FALSE(output.stream->stalled);
  CHECK(output.stream->outstanding == kGathered);
  CHECK(output.delivered() == kWindow);
}

TEST_CASE("a stream that has had its turn is gone on with, until its end") {
  Output output(64 << 20);
  FaultGuard faults;
  // Two reads that make it busy, and a whole slab: the next one comes to the end of its turn.
  const long in_its_middle = faults.hold(sys::Call::read, 3);
  output.write(kPipeBytes);
  std::thread writer([&] {
    faults.await_held(in_its_middle);
    output.write(kSlabBytes);
    output.writer.reset();
    faults.release(in_its_middle);
  });
  output.reader.read(*output.stream, true);
  writer.join();
  // Nothing of it will be reported again.
  CHECK_FALSE(output.stream->ended);
  CHECK(output.delivered() == kMakesBusy + 2 * kSlabBytes);
  CHECK(output.reader.patience() == 0);
  while (output.reader.patience() == 0) output.reader.continue_turn();
  CHECK(output.stream->ended);
  CHECK(output.execution->cut == 0);
  CHECK(output.delivered() == kPipeBytes + kSlabBytes);
}

TEST_CASE("what a busy stream has gathered is handed over in time, although its slab isn't full") {
  Output output(64 << 20);
  for (const size_t gathered : {1, 100'000, 400'000}) {
    CAPTURE(gathered);
    output.write(kMakesBusy + gathered);
    output.reader.read(*output.stream, false);
    sys::advance_clock(kHour);
    // The writer says nothing any more.
    output.reader.continue_turn();
    CHECK(output.delivered() == output.written);
    CHECK(output.reader.patience() < 0);
  }
}
