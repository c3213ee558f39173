#pragma once

#include <napi.h>

#include <vector>

#include "core/scope_stack.h"

namespace impersonate {

// Checks before and after the event loop waits whether a scope has been left open: no code on the stack can
// be using it then. Reverts the thread and reports the leak. Throws Napi::Error if the checks cannot be added
// to the loop.
void StartLoopGuard(Napi::Env env);

// Leaves every scope of the thread, writes which `using` scopes were still open, and where, to standard
// error, and ends the process with EX_SOFTWARE. No code of the program runs before that: no handler and no
// subscriber. If the report cannot be made, the process ends without it.
//
// Returns, with the pending exception as it was, if JavaScript is being terminated: a worker that is
// terminated and a script that has exceeded its time skip their finally blocks, and their scopes have been
// left for them.
void ReportLeak(napi_env env, const char* where, const std::vector<ScopeStack::Open>& left);

}  // namespace impersonate
