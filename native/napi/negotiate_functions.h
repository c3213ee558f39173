#pragma once

#include <napi.h>

namespace impersonate {

void ExportNegotiateFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
