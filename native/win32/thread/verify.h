#pragma once

#include "win32/token/win32_token.h"

namespace impersonate::win32 {

// Reads back what the calling thread carries after `token` was put on it. Throws
// ERR_IMPERSONATION_DOWNGRADED if the level is not the token's own, ERR_IMPERSONATION_MISMATCH if the user
// is not, and changes nothing.
void VerifyCurrentThread(const Win32Token& token);

}  // namespace impersonate::win32
