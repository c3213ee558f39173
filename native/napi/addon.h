#pragma once

#include <napi.h>

namespace impersonate {

// Prepares this thread and environment and fills the exports that types/native.d.ts describes. Throws a
// JavaScript error where impersonation cannot be made safe.
Napi::Object RegisterAddon(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
