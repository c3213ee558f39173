#pragma once

#include <napi.h>

namespace impersonate {

// Looks before and after the event loop waits whether a scope has been left open, which no code on the
// stack can then be using any more. Reverts the thread and reports the leak.
void StartLoopGuard(Napi::Env env);

}  // namespace impersonate
