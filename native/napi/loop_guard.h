#pragma once

#include <napi.h>

#include <vector>

#include "core/scope_stack.h"

namespace impersonate {

// Checks before and after the event loop waits whether a scope has been left open: no code that could use it
// is on the stack then. Reverts the thread and reports the leak. Throws Napi::Error if the checks cannot be
// added to the loop.
void StartLoopGuard(Napi::Env env);

// Leaves every scope of the thread, reports on standard error which `using` scopes were open, and where, and
// ends the process with EX_SOFTWARE. No code of the program runs before that: no handler and no subscriber.
// If the report fails, the process ends without it.
//
// If JavaScript is being terminated, returns and keeps the pending exception: a terminated worker and a
// script that has exceeded its time do not run their finally blocks, and their scopes have been left.
void ReportLeak(napi_env env, const char* where, const std::vector<ScopeStack::Open>& left);

}  // namespace impersonate
