#pragma once

#include <napi.h>

#include <vector>

#include "core/scope_stack.h"

namespace impersonate {

// Looks before and after the event loop waits whether a scope has been left open, which no code on the
// stack can then be using any more. Reverts the thread and reports the leak.
void StartLoopGuard(Napi::Env env);

// Leaves every scope of the thread, writes which of the `using` scopes `left` was open, and where, to
// standard error, and ends the process with EX_SOFTWARE. Nothing of the program runs before that: no handler,
// no subscriber, and if the report cannot be made the process ends without it.
//
// Comes back, with the pending exception as it was, where JavaScript is being terminated: a worker that is
// told to end and a script that has run out of its time pass over their finally blocks, and the scopes have
// been left for them.
void ReportLeak(napi_env env, const char* where, const std::vector<ScopeStack::Open>& left);

}  // namespace impersonate
