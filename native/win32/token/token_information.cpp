#include "win32/token/token_information.h"

#include <set>
#include <string>

namespace impersonate::win32 {
namespace {

// Sorted: the kernel's order has no meaning.
using Entries = std::set<std::string>;

std::string IdText(const LUID& id) { return std::to_string(id.HighPart) + ":" + std::to_string(id.LowPart); }

std::string EntryText(const SID_AND_ATTRIBUTES& entry) {
  return SidToString(entry.Sid) + "=" + std::to_string(entry.Attributes);
}

Entries SidsOf(HANDLE token, TOKEN_INFORMATION_CLASS what) {
  const TokenInformation<TOKEN_GROUPS> groups(token, what);
  const SID_AND_ATTRIBUTES* const first = groups->Groups;
  Entries entries;
  for (const SID_AND_ATTRIBUTES* group = first; group != first + groups->GroupCount; ++group)
    entries.insert(EntryText(*group));
  return entries;
}

Entries PrivilegesOf(HANDLE token) {
  const TokenInformation<TOKEN_PRIVILEGES> privileges(token, TokenPrivileges);
  const LUID_AND_ATTRIBUTES* const first = privileges->Privileges;
  Entries entries;
  for (const LUID_AND_ATTRIBUTES* entry = first; entry != first + privileges->PrivilegeCount; ++entry) {
    const bool enabled = (entry->Attributes & SE_PRIVILEGE_ENABLED) != 0;
    entries.insert(IdText(entry->Luid) + (enabled ? "+" : "-"));
  }
  return entries;
}

void Put(std::string& text, const char* name, const std::string& value) {
  text += std::string(name) + ' ' + value + '\n';
}

void PutAll(std::string& text, const char* name, const Entries& entries) {
  for (const std::string& entry : entries) Put(text, name, entry);
}

bool IsRestricted(HANDLE token) {
  // FALSE may also mean that the call has failed.
  SetLastError(ERROR_SUCCESS);
  if (IsTokenRestricted(token)) return true;
  const DWORD error = GetLastError();
  // Wine does not implement restricting SIDs.
  if (error != ERROR_SUCCESS && error != ERROR_INVALID_FUNCTION) throw Win32Error(error, "IsTokenRestricted");
  return false;
}

// Whether the restricting SIDs apply to writing only, which the list of SIDs does not show.
bool IsWriteRestricted(HANDLE token) {
  constexpr DWORD kWriteRestricted = 0x8;  // TOKEN_WRITE_RESTRICTED of ntifs.h
  const TokenInformation<TOKEN_ACCESS_INFORMATION> access(token, TokenAccessInformation);
  return (access->Flags & kWriteRestricted) != 0;
}

void PutAppContainer(std::string& text, HANDLE token) {
  if (TokenValue<DWORD>(token, TokenIsAppContainer) == 0) return;
  const TokenInformation<TOKEN_APPCONTAINER_INFORMATION> container(token, TokenAppContainerSid);
  Put(text, "container", SidToString(container->TokenAppContainer));
  PutAll(text, "capability", SidsOf(token, TokenCapabilities));
}

}  // namespace

std::vector<unsigned char> QueryToken(HANDLE token, TOKEN_INFORMATION_CLASS what) {
  std::vector<unsigned char> bytes(1024);
  for (;;) {
    DWORD length = 0;
    if (GetTokenInformation(token, what, bytes.data(), static_cast<DWORD>(bytes.size()), &length))
      return bytes;
    const DWORD error = GetLastError();
    // A token can grow between two queries, so it is queried until the result fits.
    if (error != ERROR_INSUFFICIENT_BUFFER || length <= bytes.size()) {
      throw Win32Error(error, "GetTokenInformation");
    }
    bytes.resize(length);
  }
}

Sid UserOf(HANDLE token) {
  const TokenInformation<TOKEN_USER> user(token, TokenUser);
  return Sid(user->User.Sid);
}

Level LevelOf(HANDLE token) {
  return static_cast<Level>(TokenValue<SECURITY_IMPERSONATION_LEVEL>(token, TokenImpersonationLevel));
}

bool IsPrimary(HANDLE token) { return TokenValue<TOKEN_TYPE>(token, TokenType) == TokenPrimary; }

bool IsAuthenticated(HANDLE token) {
  if (LevelOf(token) == Level::kAnonymous) return false;
  const Sid user = UserOf(token);
  return !IsWellKnownSid(user.get(), WinAnonymousSid) && !IsGuest(user.get());
}

std::string FingerprintOf(HANDLE token, Level level) {
  std::string text;
  // The attributes show whether the user's SID is deny-only.
  const TokenInformation<TOKEN_USER> user(token, TokenUser);
  Put(text, "user", EntryText(user->User));
  // The logon session has the credentials that are used on other machines.
  Put(text, "logon", IdText(TokenValue<TOKEN_STATISTICS>(token, TokenStatistics).AuthenticationId));
  Put(text, "level", std::to_string(static_cast<int>(level)));
  PutAll(text, "group", SidsOf(token, TokenGroups));
  PutAll(text, "privilege", PrivilegesOf(token));
  if (IsRestricted(token)) {
    Put(text, "restricted", IsWriteRestricted(token) ? "writing" : "all");
    PutAll(text, "restricting", SidsOf(token, TokenRestrictedSids));
  }
  const TokenInformation<TOKEN_MANDATORY_LABEL> label(token, TokenIntegrityLevel);
  Put(text, "integrity", SidToString(label->Label.Sid));
  PutAppContainer(text, token);
  return text;
}

}  // namespace impersonate::win32
