#pragma once

#include <windows.h>

#include <string>
#include <vector>

#include "redirects.h"

namespace seam {

// Checks access to files as NTFS would, for the calls of a module that take a path. Wine itself opens files
// with the rights of the process, whatever the thread's token.

// Sets the DACL of the path and everything below it; the rule with the longest path applies. A path without a
// rule is accessible to everyone.
void AddFileRule(const std::wstring& path, const std::wstring& sddl);
void ForgetFileRules();

// Calls AccessCheck with the calling thread's token and records the call. Sets the last error if access is
// denied.
bool CheckFileAccess(const char* function, const wchar_t* path, DWORD access);

std::vector<Substitute> FileSubstitutes();

}  // namespace seam
