#pragma once

#include <napi.h>

#include "core/token.h"

namespace impersonate {

// Everything of types/native.d.ts that makes, describes, counts or closes tokens, and lookupAccount.
// Puts the token into the environment's table: its id, a number.
Napi::Value NewToken(Napi::Env env, TokenRef token);

void ExportTokenFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
