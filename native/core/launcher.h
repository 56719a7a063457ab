#pragma once

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace lastbyte {

class Execution;
class ExitPump;

// The threads that make pipes and start children, in the order of the requests. JavaScript's thread never does.
class Launcher {
 public:
  explicit Launcher(ExitPump* exit_pump) : exit_pump_(exit_pump) {}

  // 0 or an errno; then none is left running.
  int start(unsigned threads);
  void stop();

  void enqueue(std::shared_ptr<Execution> execution);

 private:
  void run();
  void launch(const std::shared_ptr<Execution>& execution);
  void announce(Execution& execution);

  ExitPump* exit_pump_;
  std::vector<pthread_t> threads_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<std::shared_ptr<Execution>> queue_;
  bool stopping_ = false;
};

}  // namespace lastbyte
