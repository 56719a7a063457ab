#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "owned_fd.h"

namespace lastbyte {

// Twins of the enumerations in lib/native/contract.ts.
enum class StdioMode : uint8_t { ignore = 0, pipe = 1, inherit = 2, descriptor = 3, file = 4, joined = 5 };
enum class DrainMode : uint8_t { eof = 0, idle = 1, deadline = 2 };

// Strings in one allocation, as execve(2) wants them.
class StringList {
 public:
  StringList() = default;
  // `joined` has its strings separated by NUL; empty: no strings where `empty_is_none`, else one empty string.
  StringList(std::string joined, bool empty_is_none);

  // Null-terminated; valid while this list lives and isn't moved.
  std::vector<char*> pointers() const;
  // The value of NAME=value, or null.
  const char* value_of(const char* name) const;

 private:
  std::string bytes_;
  bool none_ = true;
};

// Where a stream of the child goes to that isn't ours: what its mode asks for.
struct Redirection {
  std::shared_ptr<OwnedFd> descriptor;  // descriptor: a duplicate of the caller's
  int error = 0;                        // descriptor: why there is none
  std::string path;                     // file
  bool append = false;
};

// One child to start: plain data.
struct SpawnRequest {
  uint64_t id = 0;
  std::string file;
  StringList argv;
  StringList environment;
  bool has_cwd = false;
  std::string cwd;
  StdioMode stdio[3] = {StdioMode::ignore, StdioMode::pipe, StdioMode::pipe};
  Redirection redirections[3];
  bool group = true;
  uint64_t timeout_ns = 0;  // 0: none
  int kill_signal = 15;
  int64_t kill_after_ns = 2'000'000'000;  // negative: never
  DrainMode drain = DrainMode::eof;
  uint64_t drain_ns = 0;
  int64_t window_bytes = 1 << 20;
  bool started_now = false;
  bool stream_ends = false;
  bool cancelled = false;  // it must not be started: fails with ECANCELED
};

// A copy of the host process's environment. On the thread that changes it, if any does.
std::string host_environment();

}  // namespace lastbyte
