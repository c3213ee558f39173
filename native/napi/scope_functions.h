#pragma once

#include <napi.h>

namespace impersonate {

// enter, leave, isOpen, leaveAll, reportLeak, currentToken, runSync, runAtBaseline, pinThread, scopeState.
void ExportScopeFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
