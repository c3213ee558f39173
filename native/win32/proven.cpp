#include "win32/proven.h"

#include "win32/sid.h"
#include "win32/token/token_information.h"

namespace impersonate::win32 {

bool IsGuest(PSID sid) {
  constexpr SID_IDENTIFIER_AUTHORITY kNt = SECURITY_NT_AUTHORITY;
  const UCHAR count = *GetSidSubAuthorityCount(sid);
  if (GetSidIdentifierAuthority(sid)->Value[5] != kNt.Value[5] || count < 2) return false;
  return *GetSidSubAuthority(sid, 0) == SECURITY_NT_NON_UNIQUE &&
         *GetSidSubAuthority(sid, count - 1UL) == DOMAIN_USER_RID_GUEST;
}

bool HasProvenIdentity(HANDLE token) {
  if (LevelOf(token) == Level::kAnonymous) return false;
  const Sid user = UserOf(token);
  return !IsWellKnownSid(user.get(), WinAnonymousSid) && !IsGuest(user.get());
}

}  // namespace impersonate::win32
