#include <windows.h>

#include <string>

#include "core/port/peer.h"
#include "win32/handle.h"
#include "win32/last_error.h"
#include "win32/text.h"

namespace impersonate::port {
namespace {

// GENERIC_WRITE would ask for FILE_APPEND_DATA too, which on a pipe is the right to serve it.
constexpr DWORD kAccess = FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES;

DWORD QualityOfService(const PipeConnection& connection) {
  const DWORD level = static_cast<DWORD>(connection.level) << 16;
  const DWORD tracking = connection.unknown_until_write ? SECURITY_CONTEXT_TRACKING : 0;
  // The server gets no privilege that the client has not enabled.
  return SECURITY_SQOS_PRESENT | SECURITY_EFFECTIVE_ONLY | level | tracking;
}

static_assert(SECURITY_IDENTIFICATION == static_cast<DWORD>(Level::kIdentification) << 16);
static_assert(SECURITY_DELEGATION == static_cast<DWORD>(Level::kDelegation) << 16);

}  // namespace

OwnedSocket ConnectToPipe(const PipeConnection& connection) {
  const std::wstring path = win32::ToWide(connection.path);
  const DWORD flags = FILE_FLAG_OVERLAPPED | QualityOfService(connection);
  const ULONGLONG start = GetTickCount64();
  for (;;) {
    const HANDLE pipe = CreateFileW(path.c_str(), kAccess, 0, nullptr, OPEN_EXISTING, flags, nullptr);
    if (pipe != INVALID_HANDLE_VALUE) return OwnedSocket(reinterpret_cast<NativeSocket>(pipe));
    const DWORD error = GetLastError();
    if (error != ERROR_PIPE_BUSY) throw win32::Win32Error(error, "CreateFileW");
    const ULONGLONG waited = GetTickCount64() - start;
    if (waited >= connection.timeout) throw win32::Win32Error(error, "CreateFileW", "the server is too busy");
    // Somebody else may take the instance that has become free.
    if (WaitNamedPipeW(path.c_str(), static_cast<DWORD>(connection.timeout - waited))) continue;
    const DWORD wait_error = GetLastError();
    if (wait_error != ERROR_SEM_TIMEOUT) throw win32::Win32Error(wait_error, "WaitNamedPipeW");
  }
}

}  // namespace impersonate::port
