#pragma once

#include <napi.h>

#include "core/port/peer.h"

namespace impersonate {

// The pipe of the environment's loop that `toggle` calls uv_ref() or uv_unref() on, as ref() and unref() of
// its JavaScript handle do: node tells nobody the HANDLE of a pipe. Throws Error unless it is just one.
port::NativeSocket FindLoopPipe(Napi::Env env, const Napi::Function& toggle);

// Whether an open pipe of the environment's loop has that HANDLE. May be asked while the environment ends.
bool IsLoopPipe(Napi::Env env, port::NativeSocket socket) noexcept;

}  // namespace impersonate
