#pragma once

#include <windows.h>

#include "core/description.h"
#include "core/token.h"
#include "win32/handle.h"

namespace impersonate::win32 {

// A copy of an impersonation token (TOKEN_DUPLICATE) with `access` as well, for changing the copy. It is not
// for a thread, where its user could continue to change it.
UniqueHandle AdjustableCopy(HANDLE source, Level level, DWORD access);

// A copy of the token (CreateRestrictedToken) with what `restrictions` takes away: SIDs become deny-only,
// privileges are removed, restricting SIDs are added, and the integrity level is lowered
// (SetTokenInformation). `level` is the source's impersonation level. A SID or privilege that the token does
// not have is ignored, as Windows does.
//
// Throws ERR_INVALID_ARG_VALUE for what is not a SID, privilege, flag or integrity level, and
// ERR_FEATURE_UNAVAILABLE_ON_PLATFORM for groups that are to be dropped: Windows cannot remove a group from a
// token. The copy may be adjusted further, so that it is not for a thread: see AdjustableCopy. Call it as the
// process, whose default security descriptor the copy gets.
UniqueHandle RestrictedCopy(HANDLE source, Level level, const Restrictions& restrictions);

}  // namespace impersonate::win32
