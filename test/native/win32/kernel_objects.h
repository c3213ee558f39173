#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace seam {

struct KernelObject {
  HANDLE handle;
  // The kernel's name of the type: L"Thread", L"Event", L"IoCompletion".
  std::wstring type;
  // Owner and DACL as SDDL; empty if they cannot be read.
  std::wstring security;
};

// The objects that this process has open, from the system's table of all handles.
std::vector<KernelObject> ReadKernelObjects();

// The rights that the security descriptor of an object of this process grants to the user of `token`.
DWORD GrantedAccess(HANDLE object, HANDLE token);

}  // namespace seam
