#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/engine.h"

namespace lastbyte::test {

struct Written {
  uint64_t token;
  int error;
};

// All that one execution has said so far, in the order in which it was taken.
struct Run {
  uint64_t id = 0;
  // Kept after it has settled, so that what comes too late can be tried.
  std::shared_ptr<Execution> execution;

  // S started, F start failed, o stdout, e stderr, R reaped, X exit, W an answer to a waiter.
  std::string log;
  pid_t pid = 0;
  int start_error = 0;
  StartStage stage = StartStage::spawn;
  Outcome reaped;
  Outcome outcome;
  std::vector<uint64_t> waits;

  std::string out;
  std::string err;
  // Bytes of stdout and stderr; also those that on_output has kept to itself.
  uint64_t received[2] = {0, 0};
  std::vector<int> stream_ends;

  std::vector<Written> written;
  int stdin_closes = 0;
  int stdin_error = 0;

  // Instead of out and err. Whether the bytes count as used up at once: true gives their credit back.
  std::function<bool(int stream, const char* data, size_t size)> on_output;
  // Gets the memory of output that wasn't copied, when its bytes have been looked at.
  std::function<void(BlockPtr block)> on_block;
  // While the event is being taken, like a callback in JavaScript.
  std::function<void(const Event& event)> on_event;
  bool grants = true;

  bool has(char letter) const { return log.find(letter) != std::string::npos; }
  bool settled() const { return has('X') || has('F'); }
};

// design.md: S[oe]*X W* with exactly one R between S and X, or F W*.
bool keeps_contract(const std::string& log);

// One environment, as the binding would be one: takes events when it has been woken and never otherwise.
class Consumer final : public EventSink {
 public:
  Consumer();
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  Run& start(SpawnRequest request);
  // Registers a waiter; its number is new.
  uint64_t wait(Run& run);
  uint64_t wait(uint64_t id);

  // Takes events as they come until the condition holds. Fails the test when that takes unreasonably long.
  void until(const char* what, const std::function<bool()>& condition);
  // Takes what there is, if it has been woken.
  void look();
  void settle(Run& run);
  void settle_all();
  // Returns when the exit pump has seen everything that was asked of it before, with the timers that were due.
  void exit_pump_barrier();
  // Lets the clock jump, and everything happen that is due then.
  void advance(uint64_t ns);

  bool terminate(Run& run, Cause cause, int signal, int64_t kill_after_ns);
  bool kill(Run& run, int signal);
  void grant(Run& run, int stream, int64_t bytes);
  void hold(Run& run, int stream, bool held);
  void cancel(Run& run, int stream);
  void write(Run& run, std::string bytes, uint64_t token);
  void write(Run& run, StdinChunk chunk);
  void end(Run& run);

  // Teardown, before the destructor does it.
  void shut_down();

  Engine& engine() { return *engine_; }
  const std::shared_ptr<Tenant>& tenant() { return tenant_; }
  std::map<uint64_t, std::unique_ptr<Run>>& runs() { return runs_; }

 private:
  void wake() override;
  void take();
  void record(Event& event, const Batch& batch);

  Engine* engine_ = nullptr;
  std::shared_ptr<Tenant> tenant_;
  uint64_t next_id_ = 1;
  uint64_t next_waiter_ = 1;
  std::map<uint64_t, std::unique_ptr<Run>> runs_;
  // Answers for executions that were never started here.
  std::vector<uint64_t> strange_waits_;

  std::mutex mutex_;
  std::condition_variable called_;
  bool woken_ = false;
  bool shut_down_ = false;
  bool called_too_late_ = false;
};

}  // namespace lastbyte::test
