#pragma once

#include <napi.h>

namespace impersonate {

void ExportLogonFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
