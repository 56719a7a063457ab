#include "execution.h"

#include <signal.h>

namespace lastbyte {

namespace {

// signal(7): everything else ends a process that hasn't installed a handler, as a new one hasn't.
bool ends_a_new_process(int signal) {
  switch (signal) {
    case 0:
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
#ifdef SIGINFO
    case SIGINFO:
#endif
#ifdef SIGIO
#ifdef __APPLE__
    case SIGIO:
#endif
#endif
      return false;
    default:
      return true;
  }
}

}  // namespace

Execution::Execution(std::shared_ptr<Tenant> owner, SpawnRequest request)
    : id(request.id), tenant(std::move(owner)), request_(std::move(request)) {
  for (uint8_t i = 0; i < 2; i++) {
    output[i].execution = this;
    output[i].number = static_cast<uint8_t>(i + 1);
    output[i].piped = request_.stdio[i + 1] == StdioMode::pipe;
    if (output[i].piped) open_ends++;
  }
  stdin_stream.open = request_.stdio[0] == StdioMode::pipe;
  started_now = request_.started_now;
}

bool Execution::send(int signal) {
  // The leader's zombie is kept until Exit, so neither its pid nor its group's id can belong to anybody else here.
  if (leader_gone) return false;
  if (request_.group) {
    if (sys::kill(-pid, signal) == 0) return true;
    // Between its start and its exec the child may not have made its group yet (macOS), or may have left it.
  }
  if (pidfd) {
    if (sys::pidfd_send_signal(pidfd.get(), signal) == 0) return true;
    if (errno == ESRCH) return false;
  }
  return sys::kill(pid, signal) == 0;
}

bool Execution::kill(int signal) {
  std::lock_guard lock(mutex);
  switch (stage) {
    case Stage::queued:
    case Stage::spawning:
      if (cancelled) return false;
      if (stage == Stage::queued && ends_a_new_process(signal)) cancelled = true;
      signals_for_start.push_back(signal);
      break;
    case Stage::running:
      if (!send(signal)) return false;
      break;
    case Stage::settled:
      return false;
  }
  if (signal > 0 && signal < 64) signals_sent |= uint64_t{1} << signal;
  return true;
}

bool Execution::end(Cause why, int signal) {
  {
    std::lock_guard lock(mutex);
    if (stage == Stage::settled) return false;
    if (cause == Cause::none) cause = why;
  }
  kill(signal);
  return true;
}

Cause Execution::cause_for(int signal) const {
  const bool by_us = signal > 0 && signal < 64 && (signals_sent >> signal & 1) != 0;
  return cause == Cause::none && by_us ? Cause::killed : cause;
}

bool Execution::begin_start() {
  std::lock_guard lock(mutex);
  if (cancelled) return false;
  stage = Stage::spawning;
  return true;
}

void Execution::child_started(pid_t child, OwnedFd child_pidfd) {
  std::lock_guard lock(mutex);
  pid = child;
  pidfd = std::move(child_pidfd);
  stage = Stage::running;
  for (const int signal : signals_for_start) send(signal);
  signals_for_start.clear();
}

}  // namespace lastbyte
