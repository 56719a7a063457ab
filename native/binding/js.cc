#include "js.h"

#include <cstring>

namespace lastbyte::js {

std::string string(napi_env env, napi_value value) {
  char small[1024];
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, small, sizeof(small), &length) != napi_ok) return {};
  // At most sizeof(small) - 1 are written, fewer where a multi-byte character didn't fit.
  if (length < sizeof(small) - 4) return std::string(small, length);
  napi_get_value_string_utf8(env, value, nullptr, 0, &length);
  std::string result(length, '\0');
  napi_get_value_string_utf8(env, value, result.data(), length + 1, &length);
  return result;
}

void throw_system_error(napi_env env, int error, const char* message) {
#ifdef __GLIBC__
  const char* name = strerrorname_np(error);
#else
  const char* name = nullptr;
#endif
  napi_throw_error(env, name, (std::string(message) + ": " + std::strerror(error)).c_str());
}

}  // namespace lastbyte::js
