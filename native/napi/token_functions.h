#pragma once

#include <napi.h>

namespace impersonate {

// Everything of types/native.d.ts that makes, describes, counts or closes tokens, and lookupAccount.
void ExportTokenFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
