#pragma once

#include <windows.h>

namespace impersonate::win32 {

// Whether it is the Guest account of a computer or domain, which Windows may let unknown users in as.
bool IsGuest(PSID sid);

// Whether an impersonation token (TOKEN_QUERY) stands for somebody: not for ANONYMOUS LOGON, for whoever
// hides behind level anonymous, or for a guest.
bool HasProvenIdentity(HANDLE token);

}  // namespace impersonate::win32
