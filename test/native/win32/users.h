#pragma once

#include <windows.h>

#include <optional>
#include <string>
#include <vector>

#include "test_token.h"

namespace seam {

// An account of the test authority.
struct User {
  std::wstring name;
  std::wstring domain;
  std::wstring password;
  std::wstring sid;
  // In addition to Everyone, Users and Authenticated Users.
  std::vector<Group> groups;
  std::vector<std::wstring> privileges;
  // The DNS name of the domain, for TranslateNameW; `domain` by default.
  std::wstring dns;
  // The Win32 error with which every logon fails, such as ERROR_ACCOUNT_LOCKED_OUT; 0 for none.
  DWORD error = ERROR_SUCCESS;
};

// Replaces an earlier user of that name and domain.
void DefineUser(const User& user);
void ForgetUsers();

// Finds a user by the forms that LogonUserW accepts: name and domain, or "name@domain" and no domain. "." and
// an empty domain stand for this computer. Names are compared without regard to case.
std::optional<User> FindUser(const std::wstring& name, const std::wstring& domain);
std::optional<User> FindUserBySid(const std::wstring& sid);

bool IsLocal(const User& user);

// Makes the token of a new logon of the user. The group shows the logon type: NETWORK (S-1-5-2), INTERACTIVE
// (S-1-5-4)...
Handle MakeUserToken(const User& user, const std::wstring& logon_group, TOKEN_TYPE type,
                     SECURITY_IMPERSONATION_LEVEL level);

}  // namespace seam
