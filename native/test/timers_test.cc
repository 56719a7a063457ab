#include <doctest/doctest.h>

#include "core/timers.h"

#include <vector>

using lastbyte::Timers;

TEST_CASE("what is due runs in the order of its time, and nothing else") {
  Timers timers;
  std::vector<int> ran;
  timers.arm(30, [&] { ran.push_back(30); });
  timers.arm(10, [&] { ran.push_back(10); });
  timers.arm(20, [&] { ran.push_back(20); });
  timers.arm(20, [&] { ran.push_back(21); });
  timers.run_due(9);
  CHECK(ran.empty());
  timers.run_due(20);
  CHECK(ran == std::vector<int>{10, 20, 21});
  timers.run_due(1000);
  CHECK(ran == std::vector<int>{10, 20, 21, 30});
  timers.run_due(1000);
  CHECK(ran.size() == 4);
}

TEST_CASE("how long until the next one") {
  Timers timers;
  CHECK(timers.until_next(5) < 0);
  timers.arm(30, [] {});
  timers.arm(10, [] {});
  CHECK(timers.until_next(4) == 6);
  CHECK(timers.until_next(10) == 0);
  CHECK(timers.until_next(50) == 0);
  timers.run_due(10);
  CHECK(timers.until_next(10) == 20);
}

TEST_CASE("what is taken back doesn't run, and is gone") {
  Timers timers;
  Timers::Handle handle;
  Timers::Handle other;
  int ran = 0;
  timers.disarm(&handle);
  timers.arm(&handle, 10, [&] { ran++; });
  timers.arm(&other, 10, [&] { ran += 10; });
  CHECK(Timers::due_ns(handle) == 10);
  timers.disarm(&handle);
  CHECK_FALSE(handle);
  timers.disarm(&handle);
  timers.run_due(10);
  CHECK(ran == 10);
  CHECK(timers.until_next(0) < 0);
}

TEST_CASE("arming again replaces") {
  Timers timers;
  Timers::Handle handle;
  std::vector<int> ran;
  timers.arm(&handle, 10, [&] { ran.push_back(1); });
  timers.arm(&handle, 20, [&] {
    handle.reset();
    ran.push_back(2);
  });
  timers.run_due(15);
  CHECK(ran.empty());
  timers.run_due(20);
  CHECK(ran == std::vector<int>{2});
  CHECK_FALSE(handle);
}

TEST_CASE("actions arm and take back others, themselves included") {
  Timers timers;
  Timers::Handle repeating;
  Timers::Handle victim;
  int rounds = 0;
  std::function<void()> again = [&] {
    repeating.reset();
    if (++rounds < 3) timers.arm(&repeating, static_cast<uint64_t>(10 + rounds), again);
    timers.disarm(&victim);
  };
  timers.arm(&repeating, 10, again);
  timers.arm(&victim, 10, [&] { FAIL("has been taken back by an action that was due at the same time"); });
  timers.run_due(100);
  CHECK(rounds == 3);
  CHECK(timers.until_next(0) < 0);
}
