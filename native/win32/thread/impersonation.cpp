#include "win32/thread/impersonation.h"

#include <windows.h>

#include <cstddef>
#include <string>

#include "core/error.h"
#include "win32/last_error.h"
#include "win32/sid.h"
#include "win32/token/token_information.h"

namespace impersonate::win32 {
namespace {

std::string LevelName(Level level) {
  constexpr const char* kLevels[] = {"anonymous", "identification", "impersonation", "delegation"};
  return kLevels[static_cast<std::size_t>(level)];
}

void RequireLevel(Level actual, Level wanted) {
  if (actual == wanted) return;
  throw Error("ERR_IMPERSONATION_DOWNGRADED",
              "Windows gave the thread level " + LevelName(actual) + " instead of the token's level " +
                  LevelName(wanted) +
                  ": to act as another user the process needs SeImpersonatePrivilege (docs/rights.md)");
}

void RequireUser(const Sid& actual, const Sid& wanted) {
  if (actual == wanted) return;
  throw Error("ERR_IMPERSONATION_MISMATCH", "The thread has the user " + SidToString(actual.get()) +
                                                " instead of the token's user " + SidToString(wanted.get()));
}

}  // namespace

void VerifyCurrentThread(const Win32Token& token) {
  // A pseudo handle can be queried whatever the token's security descriptor.
  const HANDLE carried = GetCurrentThreadToken();
  TOKEN_TYPE type{};
  DWORD length = 0;
  if (!GetTokenInformation(carried, TokenType, &type, sizeof type, &length)) {
    const DWORD error = GetLastError();
    // Wine returns ERROR_INVALID_HANDLE.
    if (error != ERROR_NO_TOKEN && error != ERROR_INVALID_HANDLE)
      throw Win32Error(error, "GetTokenInformation");
    throw Error("ERR_IMPERSONATION_MISMATCH", "The thread has no token after the switch");
  }
  RequireLevel(LevelOf(carried), token.level());
  RequireUser(UserOf(carried), UserOf(token.handle()));
}

Impersonation::Impersonation(const Win32Token& token) {
  SetCurrentThreadToken(token.handle());
  VerifyCurrentThread(token);
}

}  // namespace impersonate::win32
