#pragma once

#include <napi.h>

#include "core/peer.h"

namespace impersonate {

// The pipe of the environment's loop that `toggle` calls uv_ref() or uv_unref() on, as ref() and unref() of
// its JavaScript handle do: node tells nobody the HANDLE of a pipe. Throws Error unless it is just one.
port::NativeSocket FindLoopPipe(Napi::Env env, const Napi::Function& toggle);

}  // namespace impersonate
