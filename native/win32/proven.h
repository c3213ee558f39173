#pragma once

#include <windows.h>

namespace impersonate::win32 {

// Whether an impersonation token (TOKEN_QUERY) stands for somebody: not for ANONYMOUS LOGON, for whoever
// hides behind level anonymous, or for the Guest account, which Windows may let unknown users in as.
bool HasProvenIdentity(HANDLE token);

}  // namespace impersonate::win32
