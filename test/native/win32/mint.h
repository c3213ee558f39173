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
  // By name, each enabled.
  std::vector<std::wstring> privileges;
  TOKEN_TYPE type = TokenImpersonation;
  SECURITY_IMPERSONATION_LEVEL level = SecurityImpersonation;
  // Empty for none.
  std::wstring logon_sid;
};

// A real kernel token for a user no account database has to know, with every right on the handle. What is
// made under it belongs to its user, SYSTEM and the administrators.
Handle MintToken(const TokenSpec& spec);

// The well-known Everyone, Users and Authenticated Users, then `more`.
std::vector<Group> UsualGroups(const std::vector<Group>& more);

}  // namespace seam
