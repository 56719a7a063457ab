#pragma once

#include <string>

#include "spawn_request.h"

namespace lastbyte {

// The path that exec gets: `file` itself if it has a slash, else the first match in the PATH of the child's own
// environment, as execvp(3) does it. 0, or ENOENT or EACCES.
int find_program(const SpawnRequest& request, std::string* path);

// `path` as this process sees it: exec sees it from the child's working directory.
std::string seen_from_here(const SpawnRequest& request, const std::string& path);

}  // namespace lastbyte
