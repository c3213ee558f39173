#pragma once

#include <windows.h>

#include <memory>

// Owners of system resources, which release them exactly once.
namespace impersonate::win32 {

struct HandleClose {
  using pointer = HANDLE;
  void operator()(HANDLE handle) const noexcept { CloseHandle(handle); }
};

// A kernel handle. Never holds INVALID_HANDLE_VALUE or a pseudo handle.
using UniqueHandle = std::unique_ptr<void, HandleClose>;

struct LocalMemoryFree {
  void operator()(void* memory) const noexcept { LocalFree(memory); }
};

// Memory that a system call has allocated for its caller to free with LocalFree.
template <typename T>
using UniqueLocal = std::unique_ptr<T, LocalMemoryFree>;

}  // namespace impersonate::win32
