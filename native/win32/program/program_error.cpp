#include "win32/program/program_error.h"

// After windows.h.
#include <uv.h>

#include <cerrno>

#include "core/port/program.h"
#include "win32/last_error.h"

namespace impersonate::win32 {
namespace {

struct Errno {
  DWORD number;
  int value;
  const char* code;
};

// As libuv translates them, but for ERROR_ACCESS_DENIED, which is EPERM there: a program that the user may
// not execute has the same code on every system.
constexpr Errno kErrnos[] = {
    {ERROR_FILE_NOT_FOUND, ENOENT, "ENOENT"},
    {ERROR_PATH_NOT_FOUND, ENOENT, "ENOENT"},
    {ERROR_INVALID_DRIVE, ENOENT, "ENOENT"},
    {ERROR_NOT_READY, ENOENT, "ENOENT"},
    {ERROR_BAD_NETPATH, ENOENT, "ENOENT"},
    {ERROR_BAD_NET_NAME, ENOENT, "ENOENT"},
    {ERROR_INVALID_NAME, ENOENT, "ENOENT"},
    {ERROR_BAD_PATHNAME, ENOENT, "ENOENT"},
    {ERROR_DIRECTORY, ENOENT, "ENOENT"},
    {ERROR_ACCESS_DENIED, EACCES, "EACCES"},
    {ERROR_ELEVATION_REQUIRED, EACCES, "EACCES"},
    {ERROR_ACCESS_DISABLED_BY_POLICY, EACCES, "EACCES"},
    {ERROR_CANT_ACCESS_FILE, EACCES, "EACCES"},
    {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG, "ENAMETOOLONG"},
    {ERROR_INVALID_HANDLE, EBADF, "EBADF"},
    {ERROR_NOT_ENOUGH_MEMORY, ENOMEM, "ENOMEM"},
    {ERROR_OUTOFMEMORY, ENOMEM, "ENOMEM"},
    {ERROR_COMMITMENT_LIMIT, ENOMEM, "ENOMEM"},
    {ERROR_NO_SYSTEM_RESOURCES, EAGAIN, "EAGAIN"},
    {ERROR_NOT_ENOUGH_QUOTA, EAGAIN, "EAGAIN"},
    {ERROR_TOO_MANY_OPEN_FILES, EMFILE, "EMFILE"},
    {ERROR_SHARING_VIOLATION, EBUSY, "EBUSY"},
    {ERROR_INVALID_PARAMETER, EINVAL, "EINVAL"},
    {ERROR_BAD_EXE_FORMAT, UV_EFTYPE, "EFTYPE"},
    {ERROR_EXE_MACHINE_TYPE_MISMATCH, UV_EFTYPE, "EFTYPE"},
};

}  // namespace

Error ProgramError(DWORD number, const char* syscall, const std::string& hint) {
  const Error error = Win32Error(number, syscall, hint);
  for (const Errno& known : kErrnos) {
    if (known.number == number) return Error(known.code, known.value, port::kProgramCall, error.what());
  }
  return error;
}

}  // namespace impersonate::win32
