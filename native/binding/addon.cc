#include "environment.h"
#include "fault_controls.h"
#include "js.h"

// Every load gets its own exports and, by open(), its own environments: nothing here is kept for a whole thread, so a
// module that is loaded twice, or by many workers, works as often.
extern "C" NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  lastbyte::js::set_method(env, exports, "open", lastbyte::Environment::open, nullptr);
  lastbyte::export_fault_controls(env, exports);
  return exports;
}

extern "C" NAPI_MODULE_EXPORT int32_t node_api_module_get_api_version_v1() { return NAPI_VERSION; }
