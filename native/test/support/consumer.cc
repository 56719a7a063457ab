#include "consumer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "core/stream_pump.h"

namespace lastbyte::test {

namespace {

// An execution that nobody starts: its waiters are answered at once.
constexpr uint64_t kNobody = ~uint64_t{0};

// How long something may take before it counts as never happening. Not a measurement: nothing gets near it.
std::chrono::seconds patience() {
  const char* value = std::getenv("LASTBYTE_TEST_PATIENCE");
  return std::chrono::seconds(value != nullptr ? std::atoi(value) : 60);
}

char letter(const Event& event) {
  switch (event.type) {
    case EventType::started:
      return 'S';
    case EventType::start_failed:
      return 'F';
    case EventType::output:
      return event.stream == 1 ? 'o' : 'e';
    case EventType::reaped:
      return 'R';
    case EventType::exit:
      return 'X';
    case EventType::wait:
      return 'W';
    default:
      return 0;
  }
}

}  // namespace

bool keeps_contract(const std::string& log) {
  const size_t waits = log.find('W');
  const std::string head = log.substr(0, waits);
  if (waits != std::string::npos && log.find_first_not_of('W', waits) != std::string::npos) return false;
  if (head == "F") return true;
  if (head.size() < 3 || head.front() != 'S' || head.back() != 'X') return false;
  const std::string middle = head.substr(1, head.size() - 2);
  return middle.find_first_not_of("oeR") == std::string::npos && std::count(middle.begin(), middle.end(), 'R') == 1;
}

Consumer::Consumer() {
  REQUIRE(Engine::acquire(&engine_) == 0);
  tenant_ = std::make_shared<Tenant>(this);
}

Consumer::~Consumer() { shut_down(); }

void Consumer::shut_down() {
  if (engine_ == nullptr) return;
  engine_->shut_down(tenant_);
  {
    std::lock_guard lock(mutex_);
    shut_down_ = true;
  }
  engine_ = nullptr;
  Engine::release();
  CHECK_FALSE(called_too_late_);
  CHECK(tenant_->live() == 0);
}

void Consumer::wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  if (shut_down_) called_too_late_ = true;
  called_.notify_one();
}

Run& Consumer::start(SpawnRequest request) {
  auto run = std::make_unique<Run>();
  run->id = request.id = next_id_++;
  Run& result = *run;
  runs_.emplace(result.id, std::move(run));
  engine_->execute(tenant_, std::move(request));
  // Null where it has settled already, as for the binding.
  result.execution = tenant_->find(result.id);
  return result;
}

uint64_t Consumer::wait(Run& run) { return wait(run.id); }

uint64_t Consumer::wait(uint64_t id) {
  const uint64_t waiter = next_waiter_++;
  engine_->wait(tenant_, id, waiter);
  return waiter;
}

void Consumer::until(const char* what, const std::function<bool()>& condition) {
  for (;;) {
    if (condition()) return;
    {
      std::unique_lock lock(mutex_);
      if (!called_.wait_for(lock, patience(), [&] { return woken_; })) {
        std::string logs;
        for (const auto& [id, run] : runs_) logs += "\n  " + std::to_string(id) + ": " + run->log.substr(0, 200);
        lock.unlock();
        FAIL("never happened: ", std::string(what), logs);
      }
      woken_ = false;
    }
    take();
  }
}

void Consumer::look() {
  {
    std::lock_guard lock(mutex_);
    if (!std::exchange(woken_, false)) return;
  }
  take();
}

void Consumer::take() {
  Batch batch;
  if (!tenant_->queue.take(&batch)) return;
  for (Event& event : batch.events) record(event, batch);
}

void Consumer::record(Event& event, const Batch& batch) {
  const auto found = runs_.find(event.execution);
  if (found == runs_.end()) {
    REQUIRE(event.type == EventType::wait);
    strange_waits_.push_back(event.number);
    return;
  }
  Run& run = *found->second;
  if (const char what = letter(event)) run.log += what;
  switch (event.type) {
    case EventType::started:
      run.pid = static_cast<pid_t>(event.number);
      break;
    case EventType::start_failed:
      run.start_error = event.error;
      run.stage = event.stage;
      break;
    case EventType::output: {
      const char* const data = event.block ? event.block->data : batch.bytes.data() + event.number;
      const auto size = static_cast<size_t>(event.size);
      if (event.block) REQUIRE(event.block->size == size);
      REQUIRE(size > 0);
      run.received[event.stream - 1] += size;
      bool used_up = run.grants;
      if (run.on_output) used_up = run.on_output(event.stream, data, size);
      else (event.stream == 1 ? run.out : run.err).append(data, size);
      if (used_up) grant(run, event.stream, static_cast<int64_t>(size));
      if (event.block && run.on_block) run.on_block(std::move(event.block));
      break;
    }
    case EventType::reaped:
      run.reaped = event.outcome;
      break;
    case EventType::exit:
      run.outcome = event.outcome;
      break;
    case EventType::wait:
      run.waits.push_back(event.number);
      break;
    case EventType::stdin_written:
      run.written.push_back({event.number, event.error});
      break;
    case EventType::stdin_closed:
      run.stdin_closes++;
      run.stdin_error = event.error;
      break;
    case EventType::stream_end:
      run.stream_ends.push_back(event.stream);
      break;
  }
  if (run.on_event) run.on_event(event);
}

void Consumer::settle(Run& run) {
  until("an execution settles", [&] { return run.settled(); });
}

void Consumer::settle_all() {
  until("all executions settle", [&] {
    for (const auto& [id, run] : runs_) {
      if (!run->settled()) return false;
    }
    return true;
  });
}

void Consumer::exit_pump_barrier() {
  // Two rounds: an answer is posted in the middle of one, its timers run at its end.
  for (int i = 0; i < 2; i++) {
    const uint64_t waiter = wait(kNobody);
    until("the exit pump answers", [&] { return !strange_waits_.empty() && strange_waits_.back() == waiter; });
  }
}

void Consumer::advance(uint64_t ns) {
  // What has been asked for before counts from before.
  exit_pump_barrier();
  sys::advance_clock(ns);
  exit_pump_barrier();
}

bool Consumer::terminate(Run& run, Cause cause, int signal, int64_t kill_after_ns) {
  return run.execution && engine_->terminate(*run.execution, cause, signal, kill_after_ns);
}

bool Consumer::kill(Run& run, int signal) { return run.execution && run.execution->kill(signal); }

void Consumer::grant(Run& run, int stream, int64_t bytes) {
  if (run.execution) run.execution->pump->grant(*run.execution, stream, bytes);
}

void Consumer::hold(Run& run, int stream, bool held) {
  if (run.execution) run.execution->pump->hold(*run.execution, stream, held);
}

void Consumer::cancel(Run& run, int stream) {
  if (run.execution) run.execution->pump->cancel(run.execution, stream);
}

void Consumer::write(Run& run, std::string bytes, uint64_t token) {
  StdinChunk chunk;
  chunk.size = bytes.size();
  chunk.copy = std::move(bytes);
  chunk.token = token;
  write(run, std::move(chunk));
}

void Consumer::write(Run& run, StdinChunk chunk) {
  if (run.execution) run.execution->pump->write(run.execution, std::move(chunk));
}

void Consumer::end(Run& run) {
  if (run.execution) run.execution->pump->end_stdin(run.execution);
}

}  // namespace lastbyte::test
