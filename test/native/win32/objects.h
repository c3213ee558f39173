#pragma once

#include <windows.h>

#include <string>

namespace seam {

// Kernel objects that only some users may open, for access checks by the kernel itself, without redirection.

// Makes a named event with that DACL and keeps it until CloseObjects.
void CreateObject(const std::wstring& name, const std::wstring& sddl);
// Opens it for SYNCHRONIZE as the calling thread, and closes it again. Returns the Win32 error.
DWORD OpenObject(const std::wstring& name);
void CloseObjects();

}  // namespace seam
