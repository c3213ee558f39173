#pragma once

#include <windows.h>

#include <memory>

namespace seam {

struct HandleCloser {
  void operator()(HANDLE handle) const noexcept { CloseHandle(handle); }
};

struct LocalFreer {
  void operator()(void* memory) const noexcept { LocalFree(memory); }
};

// A kernel handle, null or valid: never INVALID_HANDLE_VALUE.
using Handle = std::unique_ptr<void, HandleCloser>;

// Memory that Win32 has allocated with LocalAlloc for its caller.
template <typename T>
using LocalMemory = std::unique_ptr<T, LocalFreer>;

}  // namespace seam
