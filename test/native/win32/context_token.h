#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace seam {

// Of the SSPI only QuerySecurityContextToken is answered here, and only where the system has established the
// context but says that it has no token to give, as Wine does: with one of this user of the users table,
// whoever the client was.
std::vector<std::string> AnswerContextTokens(HMODULE module, const std::wstring& user);

}  // namespace seam
