#pragma once

#include <node_api.h>

#include <vector>

#include "core/event_queue.h"

namespace lastbyte {

// Twins of the constants in lib/native/contract.ts.
constexpr size_t kRecordStride = 12;
constexpr size_t kRecordCapacity = 256;

// Turns events into records and buffers that JavaScript can read, some hundred at a time.
class Delivery {
 public:
  Delivery(double* records, bool copy_output) : records_(records), copy_output_(copy_output) {}

  // Fills the records; returns an array of the buffers that they refer to, or undefined. What writes gave along to be
  // released is appended to `released`.
  napi_value take(napi_env env, EventQueue& queue, std::vector<napi_ref>* released);

 private:
  napi_value copy_small_outputs(napi_env env, size_t end);
  napi_value hand_over(napi_env env, BlockPtr block);

  double* records_;
  // The host may refuse external buffers (Electron's memory cage); then all output is copied.
  bool copy_output_;
  Batch batch_;
  size_t cursor_ = 0;
};

}  // namespace lastbyte
