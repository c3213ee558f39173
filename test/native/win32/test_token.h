#pragma once

#include <windows.h>

#include <string>
#include <vector>

#include "handle.h"

namespace seam {

constexpr DWORD kEnabledGroup = SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED;

struct Group {
  std::wstring sid;
  DWORD attributes = kEnabledGroup;
};

struct TokenSpec {
  std::wstring user;
  std::vector<Group> groups;
  // The names; each privilege is enabled.
  std::vector<std::wstring> privileges;
  TOKEN_TYPE type = TokenImpersonation;
  SECURITY_IMPERSONATION_LEVEL level = SecurityImpersonation;
  // Empty for no logon SID.
  std::wstring logon_sid;
};

// Makes a real kernel token, with every right on the handle. The user need not be in any account database.
// The token's default DACL grants everything to its user, SYSTEM and the administrators.
Handle MakeToken(const TokenSpec& spec);

// The well-known groups Everyone, Users and Authenticated Users, and then `more`.
std::vector<Group> UsualGroups(const std::vector<Group>& more);

}  // namespace seam
