#include "core/port.h"
#include "win32/sid.h"
#include "win32/token/privilege.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::TokenInformation;
using win32::Win32Token;

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

}  // namespace

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

}  // namespace impersonate::port
