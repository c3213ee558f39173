#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace seam {

// Replaces QuerySecurityContextToken alone, for contexts that the system has established but reports no token
// for, as Wine does: it returns a token of this user of the users table, whichever user the client is.
std::vector<std::string> ReplaceContextTokens(HMODULE module, const std::wstring& user);

}  // namespace seam
