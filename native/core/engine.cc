#include "engine.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace lastbyte {

namespace {

// A child in an uninterruptible sleep can't be killed; the host's exit doesn't wait for it for ever.
constexpr int kShutDownMs = 5000;

unsigned cores() {
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<unsigned>(online) : 1;
}

// Starting from two threads scales, from four it doesn't (docs/benchmarks.md).
unsigned launcher_count() { return std::min(2u, cores()); }
unsigned stream_pump_count() { return std::clamp(cores() / 2, 1u, 4u); }

// Never destroyed: in the main thread process.exit() runs static destructors while the engine's threads still run.
std::mutex& engine_mutex() {
  static std::mutex& mutex = *new std::mutex;
  return mutex;
}
Engine* shared_engine = nullptr;
unsigned engine_users = 0;

}  // namespace

Engine::Engine() : launcher_(&exit_pump_) {
  for (unsigned i = 0; i < stream_pump_count(); i++) stream_pumps_.push_back(std::make_unique<StreamPump>(&exit_pump_));
}

int Engine::acquire(Engine** engine) {
  std::lock_guard lock(engine_mutex());
  if (shared_engine == nullptr) {
    auto* created = new Engine;
    const int error = created->start();
    if (error != 0) {
      created->stop();
      delete created;
      return error;
    }
    shared_engine = created;
  }
  engine_users++;
  *engine = shared_engine;
  return 0;
}

void Engine::release() {
  std::lock_guard lock(engine_mutex());
  engine_users--;
  if (engine_users > 0) return;
  shared_engine->stop();
  delete shared_engine;
  shared_engine = nullptr;
}

int Engine::start() {
  int error = exit_pump_.start();
  for (const auto& pump : stream_pumps_) {
    if (error == 0) error = pump->start();
  }
  if (error == 0) error = launcher_.start(launcher_count());
  return error;
}

void Engine::stop() {
  launcher_.stop();
  for (const auto& pump : stream_pumps_) pump->stop();
  exit_pump_.stop();
}

unsigned Engine::threads() const { return 1 + launcher_count() + static_cast<unsigned>(stream_pumps_.size()); }

void Engine::execute(std::shared_ptr<Tenant> tenant, SpawnRequest request) {
  auto execution = std::make_shared<Execution>(tenant, std::move(request));
  execution->pump = stream_pumps_[next_pump_++ % stream_pumps_.size()].get();
  execution->cancelled = execution->request().cancelled || tenant->closed();
  tenant->insert(execution);
  launcher_.enqueue(std::move(execution));
}

void Engine::wait(const std::shared_ptr<Tenant>& tenant, uint64_t id, uint64_t waiter) {
  exit_pump_.wait(tenant, tenant->find(id), id, waiter);
}

bool Engine::terminate(Execution& execution, Cause cause, int signal, int64_t kill_after_ns) {
  if (!execution.end(cause, signal)) return false;
  if (kill_after_ns >= 0) exit_pump_.escalate(execution.shared_from_this(), kill_after_ns);
  return true;
}

void Engine::expect_started(Execution& execution) {
  bool posted = false;
  {
    std::lock_guard lock(execution.mutex);
    execution.started_now = true;
    posted = execution.started_posted;
  }
  if (posted) execution.tenant->queue.flush();
}

void Engine::close(Tenant& tenant) {
  tenant.close();
  for (const auto& execution : tenant.all()) {
    execution->end(Cause::closed, SIGKILL);
    exit_pump_.cut_at_reaped(execution);
  }
}

void Engine::shut_down(const std::shared_ptr<Tenant>& tenant) {
  tenant->queue.close();
  tenant->close();
  for (const auto& execution : tenant->all()) {
    bool leave = false;
    {
      std::lock_guard lock(execution->mutex);
      leave = execution->leave_at_exit && execution->stage == Execution::Stage::running;
    }
    if (leave) {
      execution->pump->forget(execution);
    } else {
      execution->end(Cause::closed, SIGKILL);
      exit_pump_.cut_at_reaped(execution);
    }
  }
  if (tenant->wait_until_empty(kShutDownMs)) return;
  // What no signal reaches is let go: its pipes are ours to close, and what is being written may be the environment's.
  for (const auto& execution : tenant->all()) execution->pump->forget(execution);
  tenant->wait_until_empty(kShutDownMs);
}

}  // namespace lastbyte
