#pragma once

#include "win32/handle.h"
#include "win32/last_error.h"

namespace impersonate::win32 {

// An event that stays set, not set yet.
inline UniqueHandle NewEvent() {
  const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  if (event == nullptr) ThrowLastError("CreateEventW");
  return UniqueHandle(event);
}

}  // namespace impersonate::win32
