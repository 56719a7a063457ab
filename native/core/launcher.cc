#include "launcher.h"

#include <cerrno>

#include "execution.h"
#include "exit_pump.h"
#include "spawn_posix.h"
#include "stream_pump.h"
#include "tenant.h"

namespace lastbyte {

namespace {

constexpr StartStage kRedirectionStages[3] = {StartStage::stdin_stream, StartStage::stdout_stream,
                                              StartStage::stderr_stream};

// What a child's streams are made of: both ends of streams, and what others are redirected to.
struct Streams {
  OwnedFd ours[3];
  OwnedFd theirs[3];
  StartStage failed = StartStage::resources;

  int open(const StdioMode modes[3]) {
    for (int i = 0; i < 3; i++) {
      if (modes[i] != StdioMode::pipe) continue;
      int ends[2];
      if (sys::make_pipe(ends) != 0) return errno;
      ours[i] = OwnedFd(ends[i == 0 ? 1 : 0]);
      theirs[i] = OwnedFd(ends[i == 0 ? 0 : 1]);
      // The flag belongs to the open file description, so the child's end stays blocking.
      if (sys::set_nonblocking(ours[i].get()) != 0) return errno;
    }
    return 0;
  }

  int redirect(const SpawnRequest& request) {
    for (int i = 0; i < 3; i++) {
      const Redirection& to = request.redirections[i];
      failed = kRedirectionStages[i];
      if (to.error != 0) return to.error;
      if (request.stdio[i] != StdioMode::file) continue;
      const sys::OpenFor purpose = i == 0 ? sys::OpenFor::reading
                                   : to.append ? sys::OpenFor::appending : sys::OpenFor::writing;
      theirs[i] = OwnedFd(sys::open_file(to.path.c_str(), purpose));
      if (!theirs[i]) return errno;
    }
    return 0;
  }
};

}  // namespace

int Launcher::start(unsigned threads) {
  for (unsigned i = 0; i < threads; i++) {
    pthread_t thread;
    const int error = sys::start_thread(
        &thread,
        [](void* self) -> void* {
          static_cast<Launcher*>(self)->run();
          return nullptr;
        },
        this, "lastbyte-launch");
    if (error != 0) {
      stop();
      return error;
    }
    threads_.push_back(thread);
  }
  return 0;
}

void Launcher::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_all();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
  threads_.clear();
}

void Launcher::enqueue(std::shared_ptr<Execution> execution) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(execution));
  }
  wanted_.notify_one();
}

void Launcher::run() {
  for (;;) {
    std::shared_ptr<Execution> execution;
    {
      std::unique_lock lock(mutex_);
      wanted_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      execution = std::move(queue_.front());
      queue_.pop_front();
    }
    launch(execution);
  }
}

void Launcher::launch(const std::shared_ptr<Execution>& execution) {
  const SpawnRequest& request = execution->request();
  StreamPump& pump = *execution->pump;
  if (!execution->begin_start()) {
    execution->forget_start();
    exit_pump_->start_failed(execution, ECANCELED, StartStage::cancelled);
    return;
  }

  // Closed before a failure is told: whoever hears of it finds nothing left of it.
  Streams streams;
  int error = streams.open(request.stdio);
  // Before the start, so that a child never runs whose output can't be read. Nothing is read until it has started.
  if (error == 0) error = pump.adopt(*execution, &streams.ours[1], &streams.ours[2]);
  if (error != 0) {
    streams = {};
    execution->forget_start();
    exit_pump_->start_failed(execution, error, StartStage::resources);
    return;
  }
  error = streams.redirect(request);
  if (error != 0) {
    const StartStage stage = streams.failed;
    streams = {};
    execution->forget_start();
    pump.discard(execution, error, stage);
    return;
  }

  execution->started_ns = sys::now_ns();
  int ends[3];
  for (int i = 0; i < 3; i++) {
    const auto& given = request.redirections[i].descriptor;
    ends[i] = given ? given->get() : streams.theirs[i].get();
  }
  const SpawnResult result = spawn_child(request, ends);
  if (result.error != 0) {
    streams = {};
    execution->forget_start();
    pump.discard(execution, result.error, result.stage);
    return;
  }
  for (OwnedFd& end : streams.theirs) end.reset();

  // Without a pidfd (an old kernel, no descriptor left) the exit pump asks for the status now and then.
  const int pidfd = sys::pidfd_open(result.pid);
  execution->forget_start();
  execution->child_started(result.pid, OwnedFd(pidfd));
  announce(*execution);
  pump.open(execution, std::move(streams.ours[0]));
  exit_pump_->watch(execution);
}

void Launcher::announce(Execution& execution) {
  Event event(EventType::started, execution.id);
  event.number = static_cast<uint64_t>(execution.pid);
  execution.tenant->queue.post(std::move(event));
  bool now = false;
  {
    std::lock_guard lock(execution.mutex);
    execution.started_posted = true;
    now = execution.started_now;
  }
  if (now) execution.tenant->queue.flush();
  else exit_pump_->flush_soon(execution.tenant);
}

}  // namespace lastbyte
