#pragma once

#include <windows.h>

#include "core/token.h"
#include "win32/handle.h"

namespace impersonate::win32 {

// An impersonation token like `source` (TOKEN_DUPLICATE) that allows `access` as well: for as long as
// something in it is changed, and not to be put on a thread, where its user could go on changing it.
UniqueHandle AdjustableCopy(HANDLE source, Level level, DWORD access);

}  // namespace impersonate::win32
