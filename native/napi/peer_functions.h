#pragma once

#include <napi.h>

namespace impersonate {

void ExportPeerFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
