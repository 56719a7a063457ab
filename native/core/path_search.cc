#include "path_search.h"

#include <sys/stat.h>

#include <cerrno>
#include <string_view>

#include "syscalls.h"

namespace lastbyte {

namespace {

// What confstr(_CS_PATH) gives on Linux and macOS; execvp(3) searches it where PATH is not set.
constexpr const char* kDefaultPath = "/bin:/usr/bin";

}  // namespace

std::string seen_from_here(const SpawnRequest& request, const std::string& path) {
  if (!request.has_cwd || path.starts_with('/')) return path;
  return request.cwd + "/" + path;
}

int find_program(const SpawnRequest& request, std::string* path) {
  if (request.file.find('/') != std::string::npos) {
    *path = request.file;
    return 0;
  }
  const char* value = request.environment.value_of("PATH");
  std::string_view rest(value != nullptr ? value : kDefaultPath);
  int error = ENOENT;
  for (;;) {
    const size_t colon = rest.find(':');
    const std::string_view directory = rest.substr(0, colon);
    // An empty entry is the current directory (execvp(3)).
    std::string candidate = directory.empty() ? "./" + request.file : std::string(directory) + "/" + request.file;
    const std::string here = seen_from_here(request, candidate);
    struct stat info{};
    if (sys::stat(here.c_str(), &info) == 0) {
      if (S_ISREG(info.st_mode) && sys::may_execute(here.c_str())) {
        *path = std::move(candidate);
        return 0;
      }
      error = EACCES;
    } else if (errno == EACCES) {
      error = EACCES;
    }
    if (colon == std::string_view::npos) return error;
    rest.remove_prefix(colon + 1);
  }
}

}  // namespace lastbyte
