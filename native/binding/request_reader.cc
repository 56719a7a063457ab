#include "request_reader.h"

#include <algorithm>
#include <cerrno>

#include "js.h"

namespace lastbyte {

namespace {

void read_redirections(napi_env env, napi_value files, const double* slots, SpawnRequest* request) {
  // Of stdin, stdout and stderr, joined with NUL.
  std::string paths = js::is_null(env, files) ? std::string() : js::string(env, files);
  size_t begin = 0;
  for (int i = 0; i < 3; i++) {
    const double argument = slots[static_cast<size_t>(RequestSlot::stdin_argument) + static_cast<size_t>(i)];
    Redirection& redirection = request->redirections[i];
    if (request->stdio[i] == StdioMode::file) {
      const size_t end = std::min(paths.find('\0', begin), paths.size());
      redirection.path = paths.substr(begin, end - begin);
      begin = end + 1;
      redirection.append = argument != 0;
    } else if (request->stdio[i] == StdioMode::descriptor) {
      // Now: the caller may close it as soon as the call has returned.
      const int fd = sys::duplicate(static_cast<int>(argument));
      if (fd < 0) redirection.error = errno;
      else redirection.descriptor = std::make_shared<OwnedFd>(fd);
    }
  }
}

}  // namespace

int64_t nanoseconds(double milliseconds) { return static_cast<int64_t>(milliseconds * 1e6); }

SpawnRequest read_request(napi_env env, const napi_value arguments[5], const double* slots) {
  const auto slot = [slots](RequestSlot at) { return slots[static_cast<size_t>(at)]; };
  const auto mode = [&](RequestSlot at) { return static_cast<StdioMode>(static_cast<int>(slot(at))); };

  SpawnRequest request;
  request.id = static_cast<uint64_t>(slot(RequestSlot::id));
  request.file = js::string(env, arguments[0]);
  request.argv = StringList(js::string(env, arguments[1]), false);
  const bool own_environment = !js::is_null(env, arguments[2]);
  request.environment = StringList(own_environment ? js::string(env, arguments[2]) : host_environment(), true);
  request.has_cwd = !js::is_null(env, arguments[3]);
  if (request.has_cwd) request.cwd = js::string(env, arguments[3]);
  request.stdio[0] = mode(RequestSlot::stdin_mode);
  request.stdio[1] = mode(RequestSlot::stdout_mode);
  request.stdio[2] = mode(RequestSlot::stderr_mode);
  read_redirections(env, arguments[4], slots, &request);
  request.group = slot(RequestSlot::group) != 0;
  request.timeout_ns = static_cast<uint64_t>(nanoseconds(slot(RequestSlot::timeout_ms)));
  request.kill_signal = static_cast<int>(slot(RequestSlot::kill_signal));
  request.kill_after_ns = nanoseconds(slot(RequestSlot::kill_after_ms));
  request.drain = static_cast<DrainMode>(static_cast<int>(slot(RequestSlot::drain)));
  request.drain_ns = static_cast<uint64_t>(nanoseconds(slot(RequestSlot::drain_ms)));
  request.window_bytes = static_cast<int64_t>(slot(RequestSlot::window_bytes));
  request.started_now = slot(RequestSlot::started_now) != 0;
  request.stream_ends = slot(RequestSlot::stream_ends) != 0;
  request.cancelled = slot(RequestSlot::cancelled) != 0;
  return request;
}

}  // namespace lastbyte
