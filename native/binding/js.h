#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>

// The few Node-API calls that the binding makes in many places. Arguments are checked in TypeScript; here a wrong one
// reads as zero or empty, never as something out of bounds.
namespace lastbyte::js {

struct Arguments {
  napi_value values[5] = {};
  size_t count = 5;
  void* data = nullptr;

  Arguments(napi_env env, napi_callback_info info) { napi_get_cb_info(env, info, &count, values, nullptr, &data); }
};

inline double number(napi_env env, napi_value value) {
  double result = 0;
  napi_get_value_double(env, value, &result);
  return result;
}

inline bool boolean(napi_env env, napi_value value) {
  bool result = false;
  napi_get_value_bool(env, value, &result);
  return result;
}

inline bool is_null(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_null || type == napi_undefined;
}

std::string string(napi_env env, napi_value value);

inline napi_value make(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

inline napi_value make(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

inline napi_value make(napi_env env, const char* value) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result);
  return result;
}

inline void set_method(napi_env env, napi_value object, const char* name, napi_callback callback, void* data) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function);
  napi_set_named_property(env, object, name, function);
}

// Throws a JavaScript Error with the system's code as `code`.
void throw_system_error(napi_env env, int error, const char* message);

}  // namespace lastbyte::js
