// Looks up account names and SIDs. Accounts that are not in the users table are looked up by the system.

#define SECURITY_WIN32
#include <windows.h>
// After windows.h.
#include <security.h>

#include <algorithm>

#include "authority.h"
#include "call_failed.h"
#include "security_text.h"
#include "users.h"

namespace seam {
namespace {

// A buffer as these calls fill it: the needed size includes the terminator, the used size does not.
struct NameBuffer {
  wchar_t* text;
  DWORD* size;

  bool Holds(const std::wstring& value) const { return text != nullptr && *size > value.size(); }

  void Put(const std::wstring& value) const {
    std::copy_n(value.c_str(), value.size() + 1, text);
    *size = static_cast<DWORD>(value.size());
  }

  void ReportSize(const std::wstring& value) const { *size = static_cast<DWORD>(value.size() + 1); }
};

DWORD WriteNames(const User& user, const NameBuffer& name, const NameBuffer& domain) {
  if (name.Holds(user.name) && domain.Holds(user.domain)) {
    name.Put(user.name);
    domain.Put(user.domain);
    return ERROR_SUCCESS;
  }
  name.ReportSize(user.name);
  domain.ReportSize(user.domain);
  return ERROR_INSUFFICIENT_BUFFER;
}

BOOL WINAPI AuthorityLookupAccountSidW(LPCWSTR system, PSID sid, LPWSTR name, LPDWORD name_size,
                                       LPWSTR domain, LPDWORD domain_size, PSID_NAME_USE use) {
  return ReturnWin32Bool([&]() -> DWORD {
    const std::wstring text = SidText(sid);
    RecordAuthorityCall("LookupAccountSidW", text, ERROR_SUCCESS);
    if (const std::optional<User> user = FindUserBySid(text)) {
      *use = SidTypeUser;
      return WriteNames(*user, {name, name_size}, {domain, domain_size});
    }
    return LookupAccountSidW(system, sid, name, name_size, domain, domain_size, use) ? ERROR_SUCCESS
                                                                                     : GetLastError();
  });
}

// "DOMAIN\name", "name@domain" or the bare name of an account of this computer.
std::optional<User> FindByAccountName(const std::wstring& account) {
  const size_t backslash = account.find(L'\\');
  if (backslash == std::wstring::npos) return FindUser(account, L"");
  return FindUser(account.substr(backslash + 1), account.substr(0, backslash));
}

DWORD WriteSid(const User& user, PSID out, DWORD* out_size, const NameBuffer& domain) {
  const Sid sid = ParseSid(user.sid);
  const DWORD needed = GetLengthSid(sid.get());
  const bool holds = out != nullptr && *out_size >= needed && domain.Holds(user.domain);
  *out_size = needed;
  if (!holds) {
    domain.ReportSize(user.domain);
    return ERROR_INSUFFICIENT_BUFFER;
  }
  domain.Put(user.domain);
  return CopySid(needed, out, sid.get()) ? ERROR_SUCCESS : GetLastError();
}

BOOL WINAPI AuthorityLookupAccountNameW(LPCWSTR system, LPCWSTR account, PSID sid, LPDWORD sid_size,
                                        LPWSTR domain, LPDWORD domain_size, PSID_NAME_USE use) {
  return ReturnWin32Bool([&]() -> DWORD {
    RecordAuthorityCall("LookupAccountNameW", account, ERROR_SUCCESS);
    if (const std::optional<User> user = FindByAccountName(account)) {
      *use = SidTypeUser;
      return WriteSid(*user, sid, sid_size, {domain, domain_size});
    }
    return LookupAccountNameW(system, account, sid, sid_size, domain, domain_size, use) ? ERROR_SUCCESS
                                                                                        : GetLastError();
  });
}

DWORD CopyText(const std::wstring& value, wchar_t* text, ULONG* size) {
  DWORD room = *size;
  const NameBuffer out{text, &room};
  const bool holds = out.Holds(value);
  if (holds) out.Put(value);
  *size = static_cast<ULONG>(value.size() + 1);
  return holds ? ERROR_SUCCESS : ERROR_INSUFFICIENT_BUFFER;
}

// The directory, which has the users of domains. Converts DOMAIN\name to the form with the domain's DNS name.
BOOLEAN WINAPI AuthorityTranslateNameW(LPCWSTR account, EXTENDED_NAME_FORMAT from, EXTENDED_NAME_FORMAT to,
                                       LPWSTR text, PULONG size) {
  return ReturnWin32Bool([&]() -> DWORD {
           RecordAuthorityCall("TranslateNameW", account, ERROR_SUCCESS);
           if (from != NameSamCompatible || to != NameDnsDomain) return ERROR_INVALID_PARAMETER;
           const std::optional<User> user = FindByAccountName(account);
           if (!user || IsLocal(*user)) return ERROR_NONE_MAPPED;
           return CopyText(user->dns + L"\\" + user->name, text, size);
         }) != FALSE;
}

}  // namespace

std::vector<Substitute> AccountSubstitutes() {
  return {
      Replace<decltype(LookupAccountSidW)>("LookupAccountSidW", AuthorityLookupAccountSidW),
      Replace<decltype(LookupAccountNameW)>("LookupAccountNameW", AuthorityLookupAccountNameW),
      Replace<decltype(TranslateNameW)>("TranslateNameW", AuthorityTranslateNameW),
  };
}

}  // namespace seam
