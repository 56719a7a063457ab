#pragma once

#include <string>
#include <vector>

#include "core/spawn_request.h"

namespace lastbyte::test {

// A request with the host's environment, both outputs piped and nothing on stdin. The first word is the program.
SpawnRequest program(const std::vector<std::string>& argv);
// /bin/sh -c script; the arguments are its $1, $2 …
SpawnRequest shell(const std::string& script, const std::vector<std::string>& arguments = {});
// One of native/test/fixtures.
SpawnRequest fixture(const std::string& name, const std::vector<std::string>& arguments = {});
std::string fixture_path(const std::string& name);

SpawnRequest with_stdin(SpawnRequest request);
SpawnRequest with_window(SpawnRequest request, int64_t bytes);
SpawnRequest with_drain(SpawnRequest request, DrainMode mode, uint64_t ns);
SpawnRequest with_environment(SpawnRequest request, const std::vector<std::string>& entries);

std::string joined(const std::vector<std::string>& strings);

constexpr uint64_t kHour = 3'600'000'000'000;

}  // namespace lastbyte::test
