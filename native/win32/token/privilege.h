#pragma once

#include <windows.h>

#include <string>

namespace impersonate::win32 {

// SeBackupPrivilege and the like, as the local system knows them. Both are asked for as the process,
// whomever the calling thread impersonates. A privilege that the system has no name for comes back as
// "Privilege<number>".
std::string PrivilegeName(const LUID& privilege);

// Throws ERR_INVALID_ARG_VALUE naming the text if there is no such privilege.
LUID PrivilegeByName(const std::string& name);

}  // namespace impersonate::win32
