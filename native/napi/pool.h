#pragma once

#include <napi.h>

namespace impersonate {

// Makes libuv start its pool threads now, with the process's identity: a thread started inside a scope
// would have the user's for good on Linux.
void StartPoolThreads(Napi::Env env);

}  // namespace impersonate
