#include "requests.h"

namespace lastbyte::test {

std::string joined(const std::vector<std::string>& strings) {
  std::string result;
  for (size_t i = 0; i < strings.size(); i++) {
    if (i > 0) result.push_back('\0');
    result += strings[i];
  }
  return result;
}

SpawnRequest program(const std::vector<std::string>& argv) {
  SpawnRequest request;
  request.file = argv.front();
  request.argv = StringList(joined(argv), false);
  request.environment = StringList(host_environment(), true);
  return request;
}

SpawnRequest shell(const std::string& script, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {"/bin/sh", "-c", script, "sh"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return program(argv);
}

std::string fixture_path(const std::string& name) { return std::string(LASTBYTE_FIXTURES) + "/" + name; }

SpawnRequest fixture(const std::string& name, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {fixture_path(name)};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return program(argv);
}

SpawnRequest with_stdin(SpawnRequest request) {
  request.stdio[0] = StdioMode::pipe;
  return request;
}

SpawnRequest with_window(SpawnRequest request, int64_t bytes) {
  request.window_bytes = bytes;
  return request;
}

SpawnRequest with_drain(SpawnRequest request, DrainMode mode, uint64_t ns) {
  request.drain = mode;
  request.drain_ns = ns;
  return request;
}

SpawnRequest with_environment(SpawnRequest request, const std::vector<std::string>& entries) {
  request.environment = StringList(joined(entries), true);
  return request;
}

}  // namespace lastbyte::test
