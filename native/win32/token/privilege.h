#pragma once

#include <windows.h>

#include <string>
#include <vector>

#include "core/token.h"
#include "win32/handle.h"

namespace impersonate::win32 {

// The local system's name of a privilege, such as SeBackupPrivilege; "Privilege<number>" for one without a
// name. Both look-ups are made as the process, whatever the calling thread impersonates.
std::string PrivilegeName(const LUID& privilege);
// Throws ERR_INVALID_ARG_VALUE naming the text if there is no such privilege.
LUID PrivilegeByName(const std::string& name);

// Whether the token (TOKEN_QUERY) has the privilege, enabled or not.
bool HoldsPrivilege(HANDLE token, const LUID& privilege);

// A copy of the token (TOKEN_DUPLICATE) at `level` with all of these privileges enabled. Throws
// ERROR_NOT_ALL_ASSIGNED if the token does not hold all of them. Call it as the process, whose default
// security descriptor the copy gets. The copy must not be put on a thread: see AdjustableCopy.
UniqueHandle CopyWithPrivileges(HANDLE source, Level level, const std::vector<std::string>& names);

}  // namespace impersonate::win32
