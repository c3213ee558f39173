#include "win32/verify.h"

#include <cstddef>
#include <string>

#include "core/error.h"
#include "win32/current_thread.h"
#include "win32/token_information.h"

namespace impersonate::win32 {
namespace {

std::string LevelName(Level level) {
  constexpr const char* kNames[] = {"anonymous", "identification", "impersonation", "delegation"};
  return kNames[static_cast<std::size_t>(level)];
}

void RequireLevel(Level actual, Level wanted) {
  if (actual == wanted) return;
  throw Error("ERR_IMPERSONATION_DOWNGRADED",
              "Windows gave the thread level " + LevelName(actual) + " instead of the token's level " +
                  LevelName(wanted) + ": to act as another user the process needs SeImpersonatePrivilege");
}

void RequireUser(const Sid& actual, const Sid& wanted) {
  if (actual == wanted) return;
  throw Error("ERR_IMPERSONATION_MISMATCH", "The thread carries the user " + SidToString(actual.get()) +
                                                " instead of the token's user " + SidToString(wanted.get()));
}

}  // namespace

void VerifyCurrentThread(const Win32Token& token) {
  const UniqueHandle carried = OpenCurrentThreadToken(TOKEN_QUERY);
  if (!carried) throw Error("ERR_IMPERSONATION_MISMATCH", "The thread carries no token after the switch");
  RequireLevel(LevelOf(carried.get()), token.level());
  RequireUser(UserOf(carried.get()), UserOf(token.handle()));
}

}  // namespace impersonate::win32
