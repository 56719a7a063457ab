#include <doctest/doctest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "core/event_queue.h"

using namespace lastbyte;

namespace {

struct CountingSink final : EventSink {
  void wake() override { wakes++; }
  std::atomic<int> wakes = 0;
};

std::string bytes_of(const Batch& batch, const Event& event) {
  return event.block ? std::string(event.block->data, event.block->size)
                     : std::string(batch.bytes.data() + event.number, event.size);
}

Event numbered(uint64_t number) {
  Event event(EventType::wait, 1);
  event.number = number;
  return event;
}

}  // namespace

TEST_CASE("first in, first out, small bytes and blocks alike") {
  CountingSink sink;
  EventQueue queue(&sink);
  queue.post(Event(EventType::started, 7));
  queue.post_bytes(7, 1, "small", 5);
  BlockPtr block(allocate_block(100));
  std::memcpy(block->data, "block", 5);
  block->size = 5;
  Event output(EventType::output, 7);
  output.stream = 2;
  output.size = 5;
  output.block = std::move(block);
  queue.post(std::move(output));
  queue.post_bytes(8, 2, "\0x\0", 3);
  CHECK(queue.size() == 4);

  Batch batch;
  REQUIRE(queue.take(&batch));
  REQUIRE(batch.events.size() == 4);
  CHECK(batch.events[0].type == EventType::started);
  CHECK(batch.events[0].execution == 7);
  CHECK(bytes_of(batch, batch.events[1]) == "small");
  CHECK(batch.events[1].stream == 1);
  CHECK(bytes_of(batch, batch.events[2]) == "block");
  CHECK(batch.events[2].stream == 2);
  CHECK(bytes_of(batch, batch.events[3]) == std::string("\0x\0", 3));
  CHECK(batch.events[3].execution == 8);
  CHECK(queue.size() == 0);
  CHECK_FALSE(queue.take(&batch));
  CHECK(batch.events.empty());
}

TEST_CASE("one wake until somebody takes") {
  CountingSink sink;
  EventQueue queue(&sink);
  queue.flush();
  CHECK(sink.wakes == 0);  // nothing to take
  queue.post(numbered(1));
  CHECK(sink.wakes == 0);  // queued without one
  queue.flush();
  queue.flush();
  queue.post(numbered(2));
  queue.flush();
  CHECK(sink.wakes == 1);
  Batch batch;
  CHECK(queue.take(&batch));
  CHECK(batch.events.size() == 2);
  queue.flush();
  CHECK(sink.wakes == 1);
  queue.post(numbered(3));
  queue.flush();
  CHECK(sink.wakes == 2);
}

TEST_CASE("several events that nothing comes between, neither another event nor a taking") {
  constexpr uint64_t kTogether = 1000;
  CountingSink sink;
  EventQueue queue(&sink);
  std::atomic<bool> enough = false;
  std::thread poster([&] {
    while (!enough) {
      std::vector<Event> together;
      for (uint64_t k = 1; k <= kTogether; k++) together.push_back(numbered(k));
      queue.post(together);
    }
  });
  // At so many different moments of the other thread's work: were they torn apart, it would show nearly each time.
  uint64_t last = 0;  // of those that belong together
  bool whole = true;
  for (int moments = 0; moments < 50 && whole;) {
    queue.post(numbered(0));
    Batch batch;
    queue.take(&batch);
    if (batch.events.size() == 1) {
      std::this_thread::yield();
      continue;
    }
    moments++;
    for (const Event& event : batch.events) {
      whole = whole && event.number == (event.number == 0 && last == 0 ? 0 : last + 1);
      last = event.number == kTogether ? 0 : event.number;
    }
    whole = whole && last == 0;
  }
  enough = true;
  poster.join();
  CHECK(whole);
}

TEST_CASE("no event is without a wake, whoever posts and whoever takes") {
  // The consumer takes only when it has been woken. If a wake were lost, it would wait for ever.
  struct BlockingSink final : EventSink {
    void wake() override {
      woken = true;
      woken.notify_one();
    }
    std::atomic<bool> woken = false;
  } sink;
  EventQueue queue(&sink);
  constexpr uint64_t kEach = 20'000;
  std::vector<std::thread> posters;
  for (uint64_t poster = 0; poster < 2; poster++) {
    posters.emplace_back([&, poster] {
      for (uint64_t i = 0; i < kEach; i++) {
        queue.post(numbered(i * 2 + poster));
        queue.flush();
      }
    });
  }
  uint64_t next[2] = {0, 1};
  for (uint64_t taken = 0; taken < 2 * kEach;) {
    sink.woken.wait(false);
    sink.woken = false;
    Batch batch;
    queue.take(&batch);
    taken += batch.events.size();
    for (const Event& event : batch.events) {
      uint64_t& expected = next[event.number % 2];
      REQUIRE(event.number == expected);
      expected += 2;
    }
  }
  for (std::thread& poster : posters) poster.join();
}

TEST_CASE("closed: what is queued is dropped, what comes is refused, and the sink is left alone") {
  CountingSink sink;
  const size_t before = block_bytes();
  EventQueue queue(&sink);
  BlockPtr block(allocate_block(100'000));
  Event output(EventType::output, 1);
  output.block = std::move(block);
  queue.post(std::move(output));
  queue.post(numbered(1));
  queue.close();
  CHECK(block_bytes() == before);
  queue.post(numbered(2));
  std::vector<Event> several;
  several.push_back(numbered(3));
  queue.post(several);
  queue.post_bytes(1, 1, "x", 1);
  queue.flush();
  CHECK(sink.wakes == 0);
  CHECK(queue.size() == 0);
  Batch batch;
  CHECK_FALSE(queue.take(&batch));
}

TEST_CASE("a batch keeps a little memory for the next, not a flood's") {
  Batch batch;
  batch.bytes.resize(100'000);
  batch.clear();
  CHECK(batch.bytes.capacity() >= 100'000);
  batch.bytes.resize(10'000'000);
  batch.clear();
  CHECK(batch.bytes.capacity() <= Batch::kKeptBytes);
}
