#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "exit_pump.h"
#include "launcher.h"
#include "stream_pump.h"
#include "tenant.h"

namespace lastbyte {

// The threads that all environments of the process share: they start with the first tenant and are gone after the last.
class Engine {
 public:
  // 0 and an engine, or an errno. Each acquire() needs a release(); the last one joins the threads.
  static int acquire(Engine** engine);
  static void release();

  void execute(std::shared_ptr<Tenant> tenant, SpawnRequest request);
  void wait(const std::shared_ptr<Tenant>& tenant, uint64_t id, uint64_t waiter);
  // Sends `signal`, and SIGKILL to the group `kill_after_ns` later (negative: never). False once settled.
  bool terminate(Execution& execution, Cause cause, int signal, int64_t kill_after_ns);
  static void expect_started(Execution& execution);

  // SIGKILL for all that runs, cause `closed`, and no new starts. Exit follows for each.
  void close(Tenant& tenant);
  // Teardown: from here on the tenant's sink isn't called; returns when nothing of it is left, but for what it has
  // asked to leave running.
  void shut_down(const std::shared_ptr<Tenant>& tenant);

  unsigned threads() const;
  // How children are watched: pidfd, kqueue, or polling where the system has neither.
  const char* exit_watch() const { return exit_pump_.exit_watch(); }

 private:
  Engine();
  int start();
  void stop();

  // Joined in the order in which they use each other: launchers, stream pumps, exit pump.
  ExitPump exit_pump_;
  std::vector<std::unique_ptr<StreamPump>> stream_pumps_;
  Launcher launcher_;
  std::atomic<unsigned> next_pump_{0};
};

}  // namespace lastbyte
