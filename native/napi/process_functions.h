#pragma once

#include <napi.h>

namespace impersonate {

// initialize, changeCredentials, print, die.
void ExportProcessFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
