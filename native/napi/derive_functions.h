#pragma once

#include <napi.h>

namespace impersonate {

void ExportDeriveFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
