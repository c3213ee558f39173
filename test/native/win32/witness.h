#pragma once

#include <windows.h>

#include <string>
#include <vector>

#include "redirects.h"

namespace seam {

// Decides who may use a file, as NTFS would, for the path-taking calls of a module. Wine itself opens files
// with the rights of the process whatever the thread's token says.

// The list holds for the path and everything below it; the longest such path counts. A path no rule covers
// is anybody's.
void AddFileRule(const std::wstring& path, const std::wstring& sddl);
void ForgetFileRules();

// Asks AccessCheck with the calling thread's token and notes the call. False sets the last error.
bool PermitFile(const char* function, const wchar_t* path, DWORD access);

std::vector<Substitute> WitnessSubstitutes();

}  // namespace seam
