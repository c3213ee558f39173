#pragma once

#include <windows.h>

#include <string>

#include "core/error.h"

namespace impersonate::win32 {

// What the system answers about a program: an error of port::kProgramCall with the errno that it stands for
// (ENOENT, EACCES, ...), or one of Windows if it stands for none.
Error ProgramError(DWORD number, const char* syscall, const std::string& hint = "");

}  // namespace impersonate::win32
