#pragma once

#include <windows.h>

#include "win32/last_error.h"

namespace impersonate::win32 {

// A function of a library of Windows, which is loaded from its system folder only, and stays loaded. For
// functions that few programs need, so that the others do not load the library. Call it as the process.
template <typename Function>
Function* SystemFunction(const wchar_t* library, const char* name) {
  const HMODULE module = LoadLibraryExW(library, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (module == nullptr) ThrowLastError("LoadLibraryExW");
  const FARPROC found = GetProcAddress(module, name);
  if (found == nullptr) ThrowLastError("GetProcAddress");
  return reinterpret_cast<Function*>(reinterpret_cast<void*>(found));
}

}  // namespace impersonate::win32
