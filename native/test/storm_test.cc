// Everything at once, by chance: many executions of all kinds, and whatever a consumer may do to them at any moment.
// What was done follows from the seed, which a failure names; LASTBYTE_TEST_SEED runs that one alone.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <random>

#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/pattern_check.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

enum class Kind { writer, cat, late, endless, sleeper, quick, missing, kinds };

// One execution of the storm, and what is known of how it should end.
struct Cell {
  Kind kind = Kind::quick;
  Run* run = nullptr;
  PatternCheck output[2];
  uint64_t size = 0;        // what a writer writes, or what was written to a cat
  int stream = 1;           // where a writer writes to
  bool disturbed = false;   // killed, cancelled, or past its drain
  int64_t owed[2] = {0, 0}; // credit that has not been given back
  std::string input;        // the writer's, until it has been written
  bool ended = false;       // its stdin
  std::vector<uint64_t> waiters;
};

class Storm {
 public:
  explicit Storm(uint64_t seed) : random_(seed) {
    // Threads that are late where they usually aren't.
    for (int i = 0; i < 3; i++) {
      const auto call = static_cast<sys::Call>(below(static_cast<int>(sys::Call::count)));
      sys::arm_fault({call, sys::FaultAction::delay, 100 + below(1000), below(50), 20});
    }
    if (below(2) == 0) sys::arm_fault({sys::Call::write, sys::FaultAction::shorten, 1 + below(5000), 0, -1});
    if (below(4) == 0) sys::arm_fault({sys::Call::pidfd_open, sys::FaultAction::fail, ENOSYS, below(20), below(40)});
  }

  void rage() {
    while (cells_.size() < 100) {
      if (below(3) == 0) start();
      if (!cells_.empty()) act(*cells_[static_cast<size_t>(below(static_cast<int>(cells_.size())))]);
      consumer_.look();
    }
  }

  void calm_down() {
    for (const auto& cell : cells_) {
      for (int stream = 1; stream <= 2; stream++) {
        consumer_.hold(*cell->run, stream, false);
        give_back(*cell, stream, cell->owed[stream - 1]);
      }
      cell->run->grants = true;
      consumer_.end(*cell->run);
      if (cell->kind == Kind::endless || cell->kind == Kind::sleeper) consumer_.kill(*cell->run, SIGKILL);
    }
    gate_.release(200);
    // Groupless sleepers' children don't get the signal of their parents: none has any.
    consumer_.settle_all();
    consumer_.exit_pump_barrier();
  }

  void judge() {
    for (const auto& cell : cells_) {
      const Run& run = *cell->run;
      CAPTURE(run.id);
      CAPTURE(static_cast<int>(cell->kind));
      CHECK_MESSAGE(keeps_contract(run.log), run.log);
      CHECK(run.waits.size() == cell->waiters.size());
      for (const PatternCheck& output : cell->output) CHECK(output.equal);
      if (cell->disturbed || run.has('F')) continue;
      CHECK(run.outcome.status_errno == 0);
      CHECK(run.outcome.cut == 0);
      switch (cell->kind) {
        case Kind::writer:
          CHECK(cell->output[cell->stream - 1].offset == cell->size);
          CHECK(cell->output[2 - cell->stream].offset == 0);
          CHECK(run.outcome.code == 0);
          break;
        case Kind::cat:
          CHECK(cell->output[0].offset == cell->size);
          break;
        case Kind::late:
          // The gate may have been open before it came.
          CHECK((run.out == "early\nlate\n" || run.out == "late\nearly\n"));
          break;
        case Kind::quick:
          CHECK(run.outcome.code == static_cast<int>(run.id % 50));
          CHECK(run.out == "out\n");
          CHECK(run.err == "err\n");
          break;
        default:
          break;
      }
    }
  }

 private:
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }

  SpawnRequest request_for(Cell& cell) {
    switch (cell.kind) {
      case Kind::writer:
        cell.size = static_cast<uint64_t>(below(10) == 0 ? below(3'000'000) : below(100'000));
        cell.stream = 1 + below(2);
        return fixture("writer", {std::to_string(cell.size), std::to_string(1 + below(below(2) == 0 ? 100 : 100'000)), "0",
                                  std::to_string(cell.stream)});
      case Kind::cat:
        return with_stdin(program({"cat"}));
      case Kind::late:
        return shell("(read line <\"$1\"; echo late) & echo early", {gate_.path()});
      case Kind::endless:
        return shell(below(2) == 0 ? "exec yes" : "exec yes >&2");
      case Kind::sleeper:
        return shell(below(2) == 0 ? "trap '' TERM; exec sleep 1000" : "exec sleep 1000");
      case Kind::missing:
        return program({below(2) == 0 ? "no-such-program" : "/etc/passwd"});
      default:
        return shell("echo out; echo err >&2; exit $1", {std::to_string((cells_.size() + 1) % 50)});
    }
  }

  void start() {
    auto owned = std::make_unique<Cell>();
    Cell& cell = *owned;
    cell.kind = static_cast<Kind>(below(static_cast<int>(Kind::kinds)));
    SpawnRequest request = request_for(cell);
    const int64_t windows[] = {64, 1000, 65'536, 1 << 20};
    request.window_bytes = windows[below(4)];
    request.group = below(4) != 0;
    request.stream_ends = below(2) == 0;
    request.started_now = below(2) == 0;
    if (below(4) == 0) request.timeout_ns = 1000 * kHour;
    if (below(3) == 0) request = with_drain(std::move(request), below(2) == 0 ? DrainMode::idle : DrainMode::deadline, kHour);
    Run& run = consumer_.start(std::move(request));
    cell.run = &run;
    run.grants = below(2) == 0;
    run.on_output = [&cell, &run](int stream, const char* data, size_t size) {
      if (cell.kind == Kind::writer || cell.kind == Kind::cat) cell.output[stream - 1].add(data, size);
      else if (cell.kind != Kind::endless) (stream == 1 ? run.out : run.err).append(data, size);
      if (!run.grants) cell.owed[stream - 1] += static_cast<int64_t>(size);
      return run.grants;
    };
    cells_.push_back(std::move(owned));
  }

  void give_back(Cell& cell, int stream, int64_t bytes) {
    consumer_.grant(*cell.run, stream, bytes);
    cell.owed[stream - 1] -= bytes;
  }

  void act(Cell& cell) {
    Run& run = *cell.run;
    const int stream = 1 + below(2);
    switch (below(12)) {
      case 0:
      case 1:
        consumer_.hold(run, stream, below(2) == 0);
        break;
      case 2:
      case 3: {
        const int64_t owed = cell.owed[stream - 1];
        if (owed > 0) give_back(cell, stream, 1 + below(static_cast<int>(owed)));
        break;
      }
      case 4:
      case 5:
        cell.waiters.push_back(consumer_.wait(run));
        break;
      case 6:
        if (below(3) != 0) break;
        cell.disturbed = true;
        consumer_.kill(run, below(2) == 0 ? SIGTERM : SIGKILL);
        break;
      case 7:
        if (below(3) != 0) break;
        cell.disturbed = true;
        consumer_.terminate(run, Cause::aborted, SIGTERM, static_cast<int64_t>(kHour) * below(3));
        break;
      case 8:
        if (below(3) != 0) break;
        cell.disturbed = true;
        consumer_.cancel(run, stream);
        break;
      case 9:
        consumer_.kill(run, below(2) == 0 ? SIGCONT : 0);
        break;
      case 10:
        if (below(20) != 0) break;
        // Whatever drains with a limit may be cut by this.
        for (const auto& other : cells_) {
          if (other->run->execution && other->run->execution->request().drain != DrainMode::eof) other->disturbed = true;
        }
        consumer_.advance(kHour / 2);
        break;
      default:
        if (cell.kind != Kind::cat || cell.ended) break;
        if (below(5) == 0) {
          cell.ended = true;
          consumer_.end(run);
          break;
        }
        std::string bytes(static_cast<size_t>(below(80'000)), 0);
        fill_pattern(bytes.data(), bytes.size(), cell.size);
        cell.size += bytes.size();
        consumer_.write(run, std::move(bytes), cell.size);
        break;
    }
  }

  std::mt19937_64 random_;
  TemporaryFolder folder_;
  Gate gate_{folder_};
  Consumer consumer_;
  FaultGuard faults_{FaultGuard::Keep{}};
  std::vector<std::unique_ptr<Cell>> cells_;
};

}  // namespace

TEST_CASE("a storm, by seed") {
  const char* const chosen = std::getenv("LASTBYTE_TEST_SEED");
  const uint64_t first = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 1;
  const uint64_t last = chosen != nullptr ? first : 12;
  for (uint64_t seed = first; seed <= last; seed++) {
    CAPTURE(seed);
    const Residue residue;
    {
      Storm storm(seed);
      storm.rage();
      if (seed % 4 != 0) {  // else its teardown comes in the middle of it
        storm.calm_down();
        storm.judge();
      }
    }
    residue.check_threads();
  }
}
