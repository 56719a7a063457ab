#pragma once

#include <node_api.h>

#include <memory>
#include <unordered_set>
#include <vector>

#include "core/engine.h"
#include "delivery.h"

namespace lastbyte {

// What one open() of one JavaScript environment holds, and its teardown. Everything but wake() runs on its thread.
class Environment final : public EventSink {
 public:
  // The JavaScript object of open(onWake, records, request, smallBytes, options), or null with an exception pending.
  static napi_value open(napi_env env, napi_callback_info info);

  void wake() override;

 private:
  Environment() = default;
  bool start(napi_env env, const napi_value arguments[5]);
  napi_value methods(napi_env env);
  // Ends what runs and lets the engine go. May come twice: by JavaScript, and by the environment's cleanup.
  void shut_down();
  void release_writes(napi_env env, const std::vector<napi_ref>& references);
  void release_arrays(napi_env env);

  static void on_wake(napi_env env, napi_value callback, void* context, void* data);
  static void on_cleanup(void* self);
  template <napi_value (Environment::*Method)(napi_env, const napi_value*)>
  static napi_value call(napi_env env, napi_callback_info info);

  napi_value execute(napi_env env, const napi_value* arguments);
  napi_value pipe(napi_env env, const napi_value* arguments);
  napi_value duplicate(napi_env env, const napi_value* arguments);
  napi_value pipe_inode(napi_env env, const napi_value* arguments);
  napi_value wait(napi_env env, const napi_value* arguments);
  napi_value write(napi_env env, const napi_value* arguments);
  napi_value end(napi_env env, const napi_value* arguments);
  napi_value kill(napi_env env, const napi_value* arguments);
  napi_value terminate(napi_env env, const napi_value* arguments);
  napi_value grant(napi_env env, const napi_value* arguments);
  napi_value recycle(napi_env env, const napi_value* arguments);
  napi_value pause(napi_env env, const napi_value* arguments);
  napi_value cancel(napi_env env, const napi_value* arguments);
  napi_value expect_started(napi_env env, const napi_value* arguments);
  napi_value take(napi_env env, const napi_value* arguments);
  napi_value ref(napi_env env, const napi_value* arguments);
  napi_value unref(napi_env env, const napi_value* arguments);
  napi_value leave_at_exit(napi_env env, const napi_value* arguments);
  napi_value close(napi_env env, const napi_value* arguments);
  napi_value shutdown(napi_env env, const napi_value* arguments);
  napi_value stats(napi_env env, const napi_value* arguments);

  std::shared_ptr<Execution> find(napi_env env, napi_value id) const;

  // Null after the teardown: every method is a no-op from there on.
  Engine* engine_ = nullptr;
  std::shared_ptr<Tenant> tenant_;
  napi_threadsafe_function wake_function_ = nullptr;
  // The arrays that JavaScript and this share; kept from being collected.
  napi_ref records_reference_ = nullptr;
  napi_ref request_reference_ = nullptr;
  napi_ref small_bytes_reference_ = nullptr;
  double* request_ = nullptr;
  std::unique_ptr<Delivery> delivery_;
  // Buffers that stdin is being written from.
  std::unordered_set<napi_ref> writes_;
};

}  // namespace lastbyte
