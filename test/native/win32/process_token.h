#pragma once

#include <windows.h>

#include <string>

#include "handle.h"

namespace seam {

// The process's primary token.
Handle OpenOwnToken();

// Removes a privilege from the process's token for good: for a child process.
void RemoveOwnPrivilege(const std::wstring& name);

// Puts a copy of the process's token with that level on the calling thread (ImpersonateSelf).
void ImpersonateSelfAt(SECURITY_IMPERSONATION_LEVEL level);

bool IsWine();

}  // namespace seam
