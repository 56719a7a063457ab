#pragma once

#include "event.h"
#include "spawn_request.h"

namespace lastbyte {

struct SpawnResult {
  pid_t pid = 0;
  int error = 0;  // 0: started
  StartStage stage = StartStage::spawn;
};

// Starts the child with posix_spawn. `ends` are what its streams are to be: its ends of pipes, files; -1 where there is
// none.
SpawnResult spawn_child(const SpawnRequest& request, const int ends[3]);

}  // namespace lastbyte
