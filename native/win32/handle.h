#pragma once

#include <windows.h>

#include <memory>

namespace impersonate::win32 {

struct HandleClose {
  using pointer = HANDLE;
  void operator()(HANDLE handle) const noexcept { CloseHandle(handle); }
};

// A kernel handle, closed exactly once. Never holds INVALID_HANDLE_VALUE or a pseudo handle.
using UniqueHandle = std::unique_ptr<void, HandleClose>;

}  // namespace impersonate::win32
