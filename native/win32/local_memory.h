#pragma once

#include <windows.h>

#include <memory>

namespace impersonate::win32 {

struct LocalMemoryFree {
  void operator()(void* memory) const noexcept { LocalFree(memory); }
};

// What a call of the system has allocated for its caller to free with LocalFree.
template <typename T>
using UniqueLocal = std::unique_ptr<T, LocalMemoryFree>;

}  // namespace impersonate::win32
