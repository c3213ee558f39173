#pragma once

#include <napi.h>

namespace impersonate {

// Hands a scope that was left open to the onLeak hook, which ends the process. The thread must have left
// its scopes already. Comes back only if the environment is being torn down and runs no JavaScript.
void ReportLeak(napi_env env, const char* where);

}  // namespace impersonate
