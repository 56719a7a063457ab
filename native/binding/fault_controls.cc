#include "fault_controls.h"

#include "core/faults.h"
#include "js.h"

namespace lastbyte {

#ifdef LASTBYTE_FAULT_HOOKS

namespace {

constexpr int kCalls = static_cast<int>(sys::Call::count);

napi_value arm(napi_env env, napi_callback_info info) {
  size_t count = 5;
  napi_value arguments[5] = {};
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  const std::string name = js::string(env, arguments[0]);
  const std::string action = js::string(env, arguments[1]);
  sys::Fault fault{};
  fault.value = static_cast<long>(js::number(env, arguments[2]));
  fault.after = static_cast<long>(js::number(env, arguments[3]));
  fault.times = static_cast<long>(js::number(env, arguments[4]));
  if (action == "fail") fault.action = sys::FaultAction::fail;
  else if (action == "short") fault.action = sys::FaultAction::shorten;
  else if (action == "delay") fault.action = sys::FaultAction::delay;
  else fault.action = sys::FaultAction::hold;
  for (int i = 0; i < kCalls; i++) {
    fault.call = static_cast<sys::Call>(i);
    if (name != sys::name_of(fault.call)) continue;
    sys::arm_fault(fault);
    return nullptr;
  }
  napi_throw_type_error(env, nullptr, ("no such system call: " + name).c_str());
  return nullptr;
}

napi_value release(napi_env env, napi_callback_info info) {
  const js::Arguments arguments(env, info);
  sys::release_gate(static_cast<long>(js::number(env, arguments.values[0])));
  return nullptr;
}

napi_value reset(napi_env, napi_callback_info) {
  sys::reset_faults();
  return nullptr;
}

napi_value counts(napi_env env, napi_callback_info) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  for (int i = 0; i < kCalls; i++) {
    const auto call = static_cast<sys::Call>(i);
    const auto counted = static_cast<double>(sys::calls_counted(call));
    napi_set_named_property(env, object, sys::name_of(call), js::make(env, counted));
  }
  return object;
}

}  // namespace

void export_fault_controls(napi_env env, napi_value exports) {
  napi_value faults = nullptr;
  napi_create_object(env, &faults);
  js::set_method(env, faults, "arm", arm, nullptr);
  js::set_method(env, faults, "release", release, nullptr);
  js::set_method(env, faults, "reset", reset, nullptr);
  js::set_method(env, faults, "counts", counts, nullptr);
  napi_set_named_property(env, exports, "faults", faults);
}

#else

void export_fault_controls(napi_env, napi_value) {}

#endif

}  // namespace lastbyte
