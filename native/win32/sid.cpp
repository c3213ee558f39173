#include "win32/sid.h"

#include <sddl.h>

#include "win32/handle.h"
#include "win32/last_error.h"
#include "win32/text.h"

namespace impersonate::win32 {

Sid::Sid(PSID sid) : bytes_(GetLengthSid(sid)) {
  if (!CopySid(size(), bytes_.data(), sid)) ThrowLastError("CopySid");
}

Sid Sid::Parse(const std::string& text) {
  const std::wstring wide = ToWide(text);
  PSID sid = nullptr;
  if (!ConvertStringSidToSidW(wide.c_str(), &sid)) {
    const DWORD error = GetLastError();
    if (error != ERROR_INVALID_SID && error != ERROR_INVALID_PARAMETER) {
      throw Win32Error(error, "ConvertStringSidToSidW");
    }
    throw InvalidArgument("'" + text + "' is not a SID");
  }
  const UniqueLocal<void> owned(sid);
  return Sid(sid);
}

std::string SidToString(PSID sid) {
  wchar_t* text = nullptr;
  if (!ConvertSidToStringSidW(sid, &text)) ThrowLastError("ConvertSidToStringSidW");
  const UniqueLocal<wchar_t> owned(text);
  return ToUtf8(text);
}

bool IsGuest(PSID sid) {
  constexpr SID_IDENTIFIER_AUTHORITY kNt = SECURITY_NT_AUTHORITY;
  const UCHAR count = *GetSidSubAuthorityCount(sid);
  if (GetSidIdentifierAuthority(sid)->Value[5] != kNt.Value[5] || count < 2) return false;
  return *GetSidSubAuthority(sid, 0) == SECURITY_NT_NON_UNIQUE &&
         *GetSidSubAuthority(sid, count - 1UL) == DOMAIN_USER_RID_GUEST;
}

}  // namespace impersonate::win32
