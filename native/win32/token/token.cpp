#include "core/port/token.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "win32/last_error.h"
#include "win32/process_identity.h"
#include "win32/sid.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"
#include "win32/token/privilege.h"
#include "win32/token/restricted_token.h"
#include "win32/token/security_descriptor.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::TokenInformation;
using win32::UniqueHandle;
using win32::Win32Token;

constexpr DWORD kCopyAccess = TOKEN_QUERY | TOKEN_DUPLICATE;

// Returns a copy, so that later changes of the original have no effect on it.
TokenRef CopyOfThreadToken() {
  const UniqueHandle original = win32::OpenCurrentThreadToken(kCopyAccess);
  if (!original) return nullptr;
  return Win32Token::CopyOf(original.get(), win32::LevelOf(original.get()), false);
}

// Handles are small positive numbers; the pseudo handles (the current process, thread and their tokens)
// are negative, in 32 bits or 64.
HANDLE RequireRealHandle(std::uint64_t number) {
  if (number == 0) throw win32::InvalidArgument("The argument 'handle' is the null handle");
  if (number > INT32_MAX)
    throw win32::InvalidArgument("The argument 'handle' is a pseudo handle or not a handle");
  return reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(number));
}

void RequireToken(HANDLE handle) {
  TOKEN_TYPE type{};
  DWORD length = 0;
  if (GetTokenInformation(handle, TokenType, &type, sizeof type, &length)) return;
  const DWORD error = GetLastError();
  if (error == ERROR_ACCESS_DENIED) {
    throw win32::Win32Error(error, "GetTokenInformation", "the handle lacks TOKEN_QUERY");
  }
  throw win32::InvalidArgument("The argument 'handle' is not an open handle of an access token");
}

TokenRef CopyOfHandle(HANDLE handle) {
  const bool primary = win32::IsPrimary(handle);
  const Level level = primary ? Level::kImpersonation : win32::LevelOf(handle);
  try {
    return Win32Token::CopyOf(handle, level, primary);
  } catch (const Error& error) {
    if (error.number() != ERROR_ACCESS_DENIED || error.syscall() != "DuplicateTokenEx") throw;
    throw win32::Win32Error(ERROR_ACCESS_DENIED, "DuplicateTokenEx", "the handle lacks TOKEN_DUPLICATE");
  }
}

// The linked token; null if there is none. Queried as the process, as the result depends on the caller's
// SeTcbPrivilege.
UniqueHandle OpenLinkedToken(HANDLE token) {
  const win32::AsProcess as_process;
  TOKEN_LINKED_TOKEN linked{};
  DWORD length = 0;
  if (GetTokenInformation(token, TokenLinkedToken, &linked, sizeof linked, &length))
    return UniqueHandle(linked.LinkedToken);
  const DWORD error = GetLastError();
  if (error == ERROR_NO_SUCH_LOGON_SESSION) return nullptr;
  throw win32::Win32Error(error, "GetTokenInformation");
}

bool IsLogonId(DWORD attributes) { return (attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID; }

void DescribeGroups(HANDLE token, Description& description) {
  const TokenInformation<TOKEN_GROUPS> groups(token, TokenGroups);
  const SID_AND_ATTRIBUTES* const first = groups->Groups;
  for (const SID_AND_ATTRIBUTES* group = first; group != first + groups->GroupCount; ++group) {
    const std::string id = win32::SidToString(group->Sid);
    if (IsLogonId(group->Attributes)) {
      description.logon_id = id;
    } else if (group->Attributes & SE_GROUP_USE_FOR_DENY_ONLY) {
      description.deny_only_groups.push_back({PrincipalKind::kGroup, id});
    } else if (group->Attributes & SE_GROUP_ENABLED) {
      description.groups.push_back({PrincipalKind::kGroup, id});
    }
  }
}

void DescribePrivileges(HANDLE token, Description& description) {
  const TokenInformation<TOKEN_PRIVILEGES> privileges(token, TokenPrivileges);
  const LUID_AND_ATTRIBUTES* const first = privileges->Privileges;
  for (const LUID_AND_ATTRIBUTES* entry = first; entry != first + privileges->PrivilegeCount; ++entry) {
    const bool enabled = (entry->Attributes & SE_PRIVILEGE_ENABLED) != 0;
    description.privileges.push_back({win32::PrivilegeName(entry->Luid), enabled});
  }
}

LUID IdOf(const Token& token) {
  return win32::TokenValue<TOKEN_STATISTICS>(Win32Token::From(token).handle(), TokenStatistics).TokenId;
}

bool SameId(const LUID& a, const LUID& b) { return a.LowPart == b.LowPart && a.HighPart == b.HighPart; }

}  // namespace

TokenRef ProcessToken() {
  return Win32Token::CopyOf(win32::ProcessIdentity::Get().token(), Level::kImpersonation, true);
}

TokenRef ThreadToken() { return CopyOfThreadToken(); }

TokenRef AnonymousToken() {
  const win32::SavedThreadToken keep;
  if (!ImpersonateAnonymousToken(GetCurrentThread())) win32::ThrowLastError("ImpersonateAnonymousToken");
  TokenRef token = CopyOfThreadToken();
  if (!token) throw win32::Win32Error(ERROR_NO_TOKEN, "OpenThreadToken");
  return token;
}

TokenRef TokenForIds(std::uint32_t, std::uint32_t, const std::vector<std::uint32_t>&) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "User ids exist on Linux only: use the user's name");
}

TokenRef TokenFromHandle(std::uint64_t handle, bool adopt) {
  const HANDLE source = RequireRealHandle(handle);
  RequireToken(source);
  TokenRef token = CopyOfHandle(source);
  if (adopt && !CloseHandle(source)) win32::ThrowLastError("CloseHandle");
  return token;
}

TokenRef Restrict(const Token& token, const Restrictions& restrictions) {
  // Only the last copy has a security descriptor of its own; the one before it gets the process's default.
  const win32::AsProcess as_process;
  const Level level = token.level();
  const UniqueHandle copy = win32::RestrictedCopy(Win32Token::From(token).handle(), level, restrictions);
  return Win32Token::CopyOf(copy.get(), level, false);
}

TokenRef Duplicate(const Token& token, Level level) {
  return Win32Token::CopyOf(Win32Token::From(token).handle(), level, false);
}

TokenRef LinkedToken(const Token& token) {
  const UniqueHandle linked = OpenLinkedToken(Win32Token::From(token).handle());
  if (!linked) return nullptr;
  const bool primary = win32::IsPrimary(linked.get());
  const Level level = primary ? Level::kImpersonation : win32::LevelOf(linked.get());
  return Win32Token::CopyOf(linked.get(), level, primary);
}

TokenRef WithPrivileges(const Token& token, const std::vector<std::string>& names) {
  // As in Restrict.
  const win32::AsProcess as_process;
  const Level level = token.level();
  const UniqueHandle copy = win32::CopyWithPrivileges(Win32Token::From(token).handle(), level, names);
  return Win32Token::CopyOf(copy.get(), level, false);
}

Description Describe(const Token& token) {
  const Win32Token& subject = Win32Token::From(token);
  const win32::Sid user = win32::UserOf(subject.handle());
  Description description;
  description.user = {PrincipalKind::kUser, win32::SidToString(user.get())};
  description.anonymous = IsWellKnownSid(user.get(), WinAnonymousSid) != FALSE;
  if (!subject.primary()) description.level = token.level();
  DescribeGroups(subject.handle(), description);
  DescribePrivileges(subject.handle(), description);
  return description;
}

bool Equal(const Token& a, const Token& b) {
  return SameId(IdOf(a), IdOf(b)) || Fingerprint(a) == Fingerprint(b);
}

std::string Fingerprint(const Token& token) {
  return win32::FingerprintOf(Win32Token::From(token).handle(), token.level());
}

bool CheckAccess(const Token& token, const AccessTarget& target, std::uint32_t access) {
  return win32::SecurityDescriptor::Of(target).Grants(Win32Token::From(token).handle(), access);
}

std::optional<Account> LookupAccount(const Principal& principal) {
  const win32::Sid sid = win32::Sid::Parse(principal.id);
  std::wstring name(256, L'\0');
  std::wstring domain(256, L'\0');
  for (;;) {
    auto name_length = static_cast<DWORD>(name.size());
    auto domain_length = static_cast<DWORD>(domain.size());
    SID_NAME_USE use{};
    if (LookupAccountSidW(nullptr, sid.get(), name.data(), &name_length, domain.data(), &domain_length,
                          &use)) {
      return Account{win32::ToUtf8(name.c_str()), win32::ToUtf8(domain.c_str())};
    }
    const DWORD error = GetLastError();
    if (error == ERROR_NONE_MAPPED) return std::nullopt;
    const bool longer = name_length > name.size() || domain_length > domain.size();
    if (error != ERROR_INSUFFICIENT_BUFFER || !longer) throw win32::Win32Error(error, "LookupAccountSidW");
    name.resize(name_length > name.size() ? name_length : name.size());
    domain.resize(domain_length > domain.size() ? domain_length : domain.size());
  }
}

}  // namespace impersonate::port
