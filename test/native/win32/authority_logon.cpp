#include <windows.h>

#include "authority.h"
#include "call_failed.h"
#include "logon_gate.h"
#include "users.h"

namespace seam {
namespace {

std::wstring OrEmpty(const wchar_t* text) { return text != nullptr ? text : L""; }

// The well-known group of a logon type; null for an unknown type.
const wchar_t* LogonGroup(DWORD type) {
  switch (type) {
    case LOGON32_LOGON_INTERACTIVE:
    case LOGON32_LOGON_UNLOCK:
      return L"S-1-5-4";
    case LOGON32_LOGON_NETWORK:
    case LOGON32_LOGON_NETWORK_CLEARTEXT:
      return L"S-1-5-2";
    case LOGON32_LOGON_BATCH:
      return L"S-1-5-3";
    case LOGON32_LOGON_SERVICE:
      return L"S-1-5-6";
    default:
      return nullptr;
  }
}

// Returns the caller's own identity: the credentials are for other machines and are not checked here.
DWORD CloneForNewCredentials(DWORD provider, PHANDLE out) {
  if (provider != LOGON32_PROVIDER_WINNT50) return ERROR_INVALID_PARAMETER;
  HANDLE own = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE, &own)) return GetLastError();
  const Handle owned(own);
  return DuplicateTokenEx(own, TOKEN_ALL_ACCESS, nullptr, SecurityImpersonation, TokenPrimary, out)
             ? ERROR_SUCCESS
             : GetLastError();
}

// Does not copy the password: tests search the process's memory for it.
DWORD Logon(const std::wstring& name, const std::wstring& domain, std::wstring_view password, DWORD type,
            DWORD provider, PHANDLE out) {
  if (provider > LOGON32_PROVIDER_WINNT50) return ERROR_INVALID_PARAMETER;
  if (type == LOGON32_LOGON_NEW_CREDENTIALS) return CloneForNewCredentials(provider, out);
  const wchar_t* const group = LogonGroup(type);
  if (group == nullptr) return ERROR_INVALID_PARAMETER;
  const std::optional<User> user = FindUser(name, domain);
  if (!user) return ERROR_LOGON_FAILURE;
  if (const DWORD error = CheckPassword(*user, password)) return error;
  const TOKEN_TYPE kind = type == LOGON32_LOGON_NETWORK ? TokenImpersonation : TokenPrimary;
  *out = MakeUserToken(*user, group, kind, SecurityImpersonation).release();
  return ERROR_SUCCESS;
}

BOOL WINAPI AuthorityLogonUserW(LPCWSTR name, LPCWSTR domain, LPCWSTR password, DWORD type, DWORD provider,
                                PHANDLE out) {
  return ReturnWin32Bool([&] {
    const std::wstring account = OrEmpty(name);
    PassLogonGate(account);
    const wchar_t* const proof = password != nullptr ? password : L"";
    const DWORD error = Logon(account, OrEmpty(domain), proof, type, provider, out);
    RecordAuthorityCall("LogonUserW", account, error);
    return error;
  });
}

}  // namespace

std::vector<Substitute> LogonSubstitutes() {
  return {Replace<decltype(LogonUserW)>("LogonUserW", AuthorityLogonUserW)};
}

}  // namespace seam
