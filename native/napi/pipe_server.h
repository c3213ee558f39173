#pragma once

#include <napi.h>

#include <memory>

#include "core/port/peer.h"

namespace impersonate {

// Accepts on a thread of its own until it is closed, or the environment ends. For each client calls
// `open(fd)` for a socket that takes the descriptor over, and `arrived(error, fd, socket, token)`: `error`
// says why there is no socket or no token, null if there are both; the descriptor is closed and -1 where
// there is no socket. Calls `failed(error)` when there will be no more. Returns an object with close(), ref()
// and unref(). Throws Error.
Napi::Value StartPipeServer(Napi::Env env, std::unique_ptr<port::PipeListener> listener, Napi::Function open,
                            Napi::Function arrived, Napi::Function failed);

}  // namespace impersonate
