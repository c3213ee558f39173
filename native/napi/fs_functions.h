#pragma once

#include <napi.h>

namespace impersonate {

void ExportFsFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
