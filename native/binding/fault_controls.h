#pragma once

#include <node_api.h>

namespace lastbyte {

// `faults`, where the addon was built with LASTBYTE_FAULT_HOOKS; else nothing.
void export_fault_controls(napi_env env, napi_value exports);

}  // namespace lastbyte
