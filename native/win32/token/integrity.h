#pragma once

#include <windows.h>

#include <string>

namespace impersonate::win32 {

// Gives the token (TOKEN_ADJUST_DEFAULT) the integrity level of that name; a higher one than it has is the
// system's to refuse. Throws ERR_INVALID_ARG_VALUE if there is no such level.
void SetIntegrity(HANDLE token, const std::string& name);

}  // namespace impersonate::win32
