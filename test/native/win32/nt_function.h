#pragma once

#include <windows.h>

#include "call_failed.h"

namespace seam {

// A function of ntdll.dll, found at run time: FindNt<NtCloseFunction>("NtClose").
template <typename Pointer>
Pointer FindNt(const char* name) {
  const FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), name);
  if (found == nullptr) ThrowLastError(name);
  return reinterpret_cast<Pointer>(reinterpret_cast<void*>(found));
}

// Throws if the status of the call is a failure.
inline void CheckStatus(const char* name, LONG status) {
  if (status < 0) throw CallFailed(name, static_cast<DWORD>(status));
}

}  // namespace seam
