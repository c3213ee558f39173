#pragma once

#include <windows.h>

#include <string>

namespace seam {

// Kernel objects that only some users may open: witnesses nothing is redirected for.

// Makes a named event with that discretionary access list and keeps it until CloseObjects.
void CreateObject(const std::wstring& name, const std::wstring& sddl);
// Opens it for SYNCHRONIZE as the calling thread, and closes it again. Answers with the Win32 error.
DWORD OpenObject(const std::wstring& name);
void CloseObjects();

}  // namespace seam
