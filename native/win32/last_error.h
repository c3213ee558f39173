#pragma once

#include <windows.h>

#include <cstdint>
#include <string>

#include "core/error.h"

namespace impersonate::win32 {

// "ERROR_ACCESS_DENIED" for 5; "ERROR_<number>" for an error without a name here.
std::string ErrorCode(DWORD number);

// The failure of `syscall` with the Win32 error `number`; `hint` is a remedy. The text is the same in every
// language of the system.
Error Win32Error(DWORD number, const char* syscall, const std::string& hint = "");

// The same for the calling thread's last error: there must be no call between the failed call and this one.
[[noreturn]] void ThrowLastError(const char* syscall);

// "0xC000006D": a status of the system as its documentation writes it.
std::string Hexadecimal(std::uint32_t status);

// An argument that means nothing to the system, which the caller sees as a wrong argument.
Error InvalidArgument(const std::string& message);

}  // namespace impersonate::win32
