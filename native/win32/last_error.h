#pragma once

#include <windows.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"

namespace impersonate::win32 {

// "ERROR_ACCESS_DENIED" for 5; "ERROR_<number>" for an error without a name here.
std::string ErrorCode(DWORD number);

// The failure of `syscall` with the Win32 error `number`; `hint` is a remedy. The text does not depend on the
// language of the system.
Error Win32Error(DWORD number, const char* syscall, const std::string& hint = "");

// Throws the same for the calling thread's last error: there must be no call between the failed call and this
// one.
[[noreturn]] void ThrowLastError(const char* syscall);

// The statuses of COM or of SSPI that have names here, and the beginning of the codes of others.
struct StatusNames {
  struct Name {
    LONG status;
    const char* code;
  };
  const Name* names;
  std::size_t count;
  const char* prefix;
};

// The failure of `syscall` with a status: its name as code, or the prefix and "0x<number>"; `hint` is a
// remedy.
Error StatusError(const StatusNames& names, LONG status, const char* syscall, const std::string& hint = "");

// The text of a status in the form of the system's documentation: "0xC000006D".
std::string Hexadecimal(std::uint32_t status);

// ERR_INVALID_ARG_VALUE, for an argument that the system does not accept.
Error InvalidArgument(const std::string& message);

}  // namespace impersonate::win32
