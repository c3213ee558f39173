#pragma once

#include <string>
#include <vector>

namespace impersonate::win32 {

// Removes all privileges but these from the process's token, for good, and reads the token back. Throws Error
// if nothing has been changed, such as ERR_SCOPE_ACTIVE if a thread has a token or a Token is open: a copy of
// the process's token keeps its privileges. Aborts the process if a privilege may be left.
void RemovePrivilegesBut(const std::vector<std::string>& keep);

}  // namespace impersonate::win32
