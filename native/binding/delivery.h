#pragma once

#include <node_api.h>

#include <vector>

#include "core/tenant.h"

namespace lastbyte {

// Twins of the constants in lib/native/contract.ts.
constexpr size_t kRecordStride = 12;
constexpr size_t kRecordCapacity = 256;
constexpr size_t kSmallBytes = 64 * 1024;

// Turns events into records and buffers that JavaScript can read, some hundred at a time.
class Delivery {
 public:
  Delivery(double* records, char* small_bytes, bool copy_output)
      : records_(records), small_bytes_(small_bytes), copy_output_(copy_output) {}

  // Fills the records and the small bytes; returns an array of the buffers that large outputs are in, or undefined. What
  // writes gave along to be released is appended to `released`.
  napi_value take(napi_env env, Tenant& tenant, std::vector<napi_ref>* released);
  // Lends the pumps a delivered slab again. Small chunks are left alone.
  void recycle(napi_env env, napi_value chunk, SlabDepot& depot);
  // Takes back the slabs that were lent to the pumps.
  void withdraw_slabs(napi_env env, Tenant& tenant);

 private:
  napi_value hand_over(napi_env env, BlockPtr block);
  void lend_slabs(napi_env env, SlabDepot& depot);
  void lend(napi_env env, napi_value buffer, void* data, SlabDepot& depot);

  double* records_;
  char* small_bytes_;
  // The host may refuse external buffers (Electron's memory cage); then all output is copied.
  bool copy_output_;
  Batch batch_;
  size_t cursor_ = 0;
};

}  // namespace lastbyte
