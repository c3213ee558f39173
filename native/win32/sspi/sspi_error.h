#pragma once

#include <windows.h>

// sspi.h needs it.
#define SECURITY_WIN32
#include <security.h>

#include "core/error.h"

namespace impersonate::win32 {

// The failure of `syscall` with a SECURITY_STATUS: its name as code ("SEC_E_LOGON_DENIED"; "SEC_E_0x<number>"
// for one without a name here), the status as number.
Error SspiError(SECURITY_STATUS status, const char* syscall);

}  // namespace impersonate::win32
