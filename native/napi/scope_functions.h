#pragma once

#include <napi.h>

namespace impersonate {

// enter, leave, leaveAll, depth, currentTokenId, currentToken, runSync, runAtBaseline, pinThread.
void ExportScopeFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
