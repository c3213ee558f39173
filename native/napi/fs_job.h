#pragma once

#include <napi.h>

#include "core/token.h"
#include "fs/call.h"

namespace impersonate {

// Makes the call on a pool thread as the token, and then calls `done(error, result)` from the event loop: see
// `startFs` in types/native.d.ts.
void StartFsJob(Napi::Env env, TokenRef token, fs::Call call, Napi::Function done);

}  // namespace impersonate
