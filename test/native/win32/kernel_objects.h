#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace seam {

struct KernelObject {
  HANDLE handle;
  // As the kernel calls it: L"Thread", L"Event", L"IoCompletion".
  std::wstring type;
  // Owner and DACL as SDDL; empty where the handle does not tell.
  std::wstring security;
};

// What this process has open, from the system's table of all handles.
std::vector<KernelObject> ReadKernelObjects();

// The rights that the security descriptor of an object of this process grants to whoever has `token`.
DWORD GrantedAccess(HANDLE object, HANDLE token);

}  // namespace seam
