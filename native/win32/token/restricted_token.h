#pragma once

#include <windows.h>

#include "core/description.h"
#include "core/token.h"
#include "win32/handle.h"

namespace impersonate::win32 {

// A copy of an impersonation token (TOKEN_DUPLICATE) whose handle also has `access`, for changing the copy.
// It must not be put on a thread, where its user could continue to change it.
UniqueHandle AdjustableCopy(HANDLE source, Level level, DWORD access);

// A copy of the token with the restrictions: SIDs become deny-only, privileges are removed and restricting
// SIDs are added (CreateRestrictedToken), and the integrity level is lowered (SetTokenInformation). `level`
// is the source's impersonation level. A SID or privilege that the token does not have is ignored, as Windows
// does.
//
// Throws ERR_INVALID_ARG_VALUE for a text that is not a SID, privilege, flag or integrity level, and
// ERR_FEATURE_UNAVAILABLE_ON_PLATFORM for groups to drop: Windows cannot remove a group from a token. Call it
// as the process, whose default security descriptor the copy gets. The copy can be adjusted further, so it
// must not be put on a thread: see AdjustableCopy.
UniqueHandle RestrictedCopy(HANDLE source, Level level, const Restrictions& restrictions);

}  // namespace impersonate::win32
