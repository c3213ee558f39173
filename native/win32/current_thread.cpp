#include "win32/current_thread.h"

#include <string>

#include "core/fatal.h"
#include "win32/last_error.h"

namespace impersonate::win32 {

UniqueHandle OpenCurrentThreadToken(DWORD access) {
  HANDLE token = nullptr;
  if (OpenThreadToken(GetCurrentThread(), access, TRUE, &token)) return UniqueHandle(token);
  const DWORD error = GetLastError();
  if (error == ERROR_NO_TOKEN) return nullptr;
  // The security descriptor of somebody else's token may admit its own user alone.
  if (error == ERROR_ACCESS_DENIED && OpenThreadToken(GetCurrentThread(), access, FALSE, &token)) {
    return UniqueHandle(token);
  }
  const bool anonymous = error == ERROR_CANT_OPEN_ANONYMOUS;
  throw Win32Error(error, "OpenThreadToken",
                   anonymous ? "the thread carries a token of level anonymous, which nobody can open" : "");
}

void SetCurrentThreadToken(HANDLE token) {
  if (!SetThreadToken(nullptr, token)) ThrowLastError("SetThreadToken");
}

void GiveBackCurrentThreadToken(HANDLE token) noexcept {
  if (SetThreadToken(nullptr, token)) return;
  const DWORD error = GetLastError();
  Abort("the thread cannot be given its identity back: SetThreadToken failed: " + ErrorCode(error) + " (" +
        std::to_string(error) + ")");
}

}  // namespace impersonate::win32
