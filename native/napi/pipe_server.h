#pragma once

#include <napi.h>

#include <memory>

#include "core/peer.h"

namespace impersonate {

// Accepts on a thread of its own until it is closed, or the environment ends. Calls `arrived(error, fd,
// token)` for each client: `error` says why there is no token, null if there is one; the descriptor is the
// callee's to close, -1 if there is none to be had. Calls `failed(error)` when there will be no more. Returns
// an object with close(), ref() and unref(). Throws Error.
Napi::Value StartPipeServer(Napi::Env env, std::unique_ptr<port::PipeListener> listener,
                            Napi::Function arrived, Napi::Function failed);

}  // namespace impersonate
