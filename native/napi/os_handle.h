#pragma once

#include <uv.h>

#include "core/port/peer.h"

namespace impersonate {

// libuv's type for what the system opens: an int, or on Windows a pointer.
inline port::NativeSocket ToNative(int descriptor) { return static_cast<port::NativeSocket>(descriptor); }
inline port::NativeSocket ToNative(void* handle) { return reinterpret_cast<port::NativeSocket>(handle); }

inline void FromNative(port::NativeSocket socket, int& descriptor) { descriptor = static_cast<int>(socket); }
inline void FromNative(port::NativeSocket socket, void*& handle) { handle = reinterpret_cast<void*>(socket); }

// The number by which node knows what the system has opened, the caller's to close. Throws Error if there
// are too many, and closes it.
int OpenDescriptor(port::OwnedSocket socket);

// What is behind such a number, which stays the caller's.
port::NativeSocket SocketOf(int descriptor);

}  // namespace impersonate
