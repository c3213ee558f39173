#include "win32/thread/current_thread.h"

#include <string>
#include <utility>

#include "core/error.h"
#include "win32/last_error.h"

namespace impersonate::win32 {
namespace {

// A handle of the token that this file last put on the calling thread, open while the token is on the thread.
// Other code may have replaced the token since.
thread_local HANDLE thread_token = nullptr;

// Duplicates that handle; null unless the thread still has that token.
UniqueHandle DuplicateOwnToken(DWORD access) {
  if (thread_token == nullptr || !IsOnCurrentThread(thread_token)) return nullptr;
  const HANDLE self = GetCurrentProcess();
  HANDLE copy = nullptr;
  if (!DuplicateHandle(self, thread_token, self, &copy, access, FALSE, 0)) return nullptr;
  return UniqueHandle(copy);
}

}  // namespace

bool IsOnCurrentThread(HANDLE token) noexcept {
  TOKEN_STATISTICS carried{}, known{};
  DWORD length = 0;
  return GetTokenInformation(GetCurrentThreadToken(), TokenStatistics, &carried, sizeof carried, &length) &&
         GetTokenInformation(token, TokenStatistics, &known, sizeof known, &length) &&
         carried.TokenId.LowPart == known.TokenId.LowPart &&
         carried.TokenId.HighPart == known.TokenId.HighPart;
}

UniqueHandle OpenCurrentThreadToken(DWORD access) {
  HANDLE token = nullptr;
  if (OpenThreadToken(GetCurrentThread(), access, TRUE, &token)) return UniqueHandle(token);
  const DWORD error = GetLastError();
  if (error == ERROR_NO_TOKEN) return nullptr;
  // Our tokens grant access to the process alone, but Wine checks the thread's own rights.
  if (error == ERROR_ACCESS_DENIED) {
    if (UniqueHandle own = DuplicateOwnToken(access)) return own;
  }
  // The security descriptor of another addon's token may grant access to its own user alone.
  if (error == ERROR_ACCESS_DENIED && OpenThreadToken(GetCurrentThread(), access, FALSE, &token)) {
    return UniqueHandle(token);
  }
  const bool anonymous = error == ERROR_CANT_OPEN_ANONYMOUS;
  throw Win32Error(error, "OpenThreadToken",
                   anonymous ? "the thread carries a token of level anonymous, which cannot be opened" : "");
}

void SetCurrentThreadToken(HANDLE token) {
  // Written before the switch: MinGW's runtime creates an event at a thread's first use of such a variable.
  const HANDLE before = std::exchange(thread_token, nullptr);
  if (!SetThreadToken(nullptr, token)) {
    const DWORD error = GetLastError();
    thread_token = before;
    throw Win32Error(error, "SetThreadToken");
  }
  thread_token = token;
}

void RestoreCurrentThreadToken(HANDLE token, HANDLE lasting) noexcept {
  if (SetThreadToken(nullptr, token)) {
    thread_token = lasting;
    return;
  }
  const DWORD error = GetLastError();
  Abort("cannot restore the thread's identity: SetThreadToken failed: " + ErrorCode(error) + " (" +
        std::to_string(error) + ")");
}

SavedThreadToken::SavedThreadToken()
    : token_(OpenCurrentThreadToken(TOKEN_IMPERSONATE)), handle_(thread_token) {}

}  // namespace impersonate::win32
