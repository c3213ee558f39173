#include <set>
#include <string>

#include "core/derive.h"
#include "win32/last_error.h"
#include "win32/sid.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::SidToString;
using win32::TokenInformation;
using win32::TokenValue;

// In an order of its own: the kernel's says nothing.
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
  // FALSE is the answer of a call that fails, too.
  SetLastError(ERROR_SUCCESS);
  if (IsTokenRestricted(token)) return true;
  const DWORD error = GetLastError();
  // Wine knows of no restricting SIDs.
  if (error != ERROR_SUCCESS && error != ERROR_INVALID_FUNCTION)
    throw win32::Win32Error(error, "IsTokenRestricted");
  return false;
}

// Restricting SIDs that hold for writing only are the same SIDs.
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

std::string Fingerprint(const Token& token) {
  const HANDLE handle = win32::Win32Token::From(token).handle();
  std::string text;
  // The attributes say whether the user itself is deny-only.
  const TokenInformation<TOKEN_USER> user(handle, TokenUser);
  Put(text, "user", EntryText(user->User));
  // The logon session holds the credentials with which the token goes to other machines.
  Put(text, "logon", IdText(TokenValue<TOKEN_STATISTICS>(handle, TokenStatistics).AuthenticationId));
  Put(text, "level", std::to_string(static_cast<int>(token.level())));
  PutAll(text, "group", SidsOf(handle, TokenGroups));
  PutAll(text, "privilege", PrivilegesOf(handle));
  if (IsRestricted(handle)) {
    Put(text, "restricted", IsWriteRestricted(handle) ? "writing" : "all");
    PutAll(text, "restricting", SidsOf(handle, TokenRestrictedSids));
  }
  const TokenInformation<TOKEN_MANDATORY_LABEL> label(handle, TokenIntegrityLevel);
  Put(text, "integrity", SidToString(label->Label.Sid));
  PutAppContainer(text, handle);
  return text;
}

}  // namespace impersonate::port
