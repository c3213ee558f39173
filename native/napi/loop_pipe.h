#pragma once

#include <napi.h>
#include <uv.h>

#include "core/port/peer.h"

namespace impersonate {

// Conversion from libuv's type of a system handle: an int, or on Windows a pointer.
inline port::NativeSocket ToNative(int descriptor) { return static_cast<port::NativeSocket>(descriptor); }
inline port::NativeSocket ToNative(void* handle) { return reinterpret_cast<port::NativeSocket>(handle); }

inline void FromNative(port::NativeSocket socket, int& descriptor) { descriptor = static_cast<int>(socket); }
inline void FromNative(port::NativeSocket socket, void*& handle) { handle = reinterpret_cast<void*>(socket); }

// Returns a descriptor of the system's handle, which the caller must close. If there are too many
// descriptors, closes the handle and throws Error.
int OpenDescriptor(port::OwnedSocket socket);

// The system's handle of a descriptor, which still belongs to the descriptor.
port::NativeSocket SocketOf(int descriptor);

// The pipe of the environment's loop on which `toggle` calls uv_ref() or uv_unref(), as ref() and unref() of
// its JavaScript handle do: Node.js does not expose the HANDLE of a pipe. Throws Error unless there is
// exactly one.
port::NativeSocket FindLoopPipe(Napi::Env env, const Napi::Function& toggle);

// Whether an open pipe of the environment's loop has that HANDLE. May be called while the environment ends.
bool IsLoopPipe(Napi::Env env, port::NativeSocket socket) noexcept;

}  // namespace impersonate
