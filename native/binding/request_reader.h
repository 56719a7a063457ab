#pragma once

#include <node_api.h>

#include "core/spawn_request.h"

namespace lastbyte {

// Slots of the request array. Twin: `RequestSlot` in lib/native/contract.ts.
enum class RequestSlot : unsigned char {
  id = 0,
  stdin_mode = 1,
  stdout_mode = 2,
  stderr_mode = 3,
  group = 4,
  timeout_ms = 5,
  kill_signal = 6,
  kill_after_ms = 7,
  drain = 8,
  drain_ms = 9,
  window_bytes = 10,
  started_now = 11,
  stream_ends = 12,
  cancelled = 13,
  stdin_argument = 14,
  stdout_argument = 15,
  stderr_argument = 16,
};
constexpr size_t kRequestSlots = 17;

// The request of execute(file, argv, environment, cwd, files), with its numbers in `slots`.
SpawnRequest read_request(napi_env env, const napi_value arguments[5], const double* slots);

// Negative stays negative: never.
int64_t nanoseconds(double milliseconds);

}  // namespace lastbyte
