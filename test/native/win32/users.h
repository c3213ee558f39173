#pragma once

#include <windows.h>

#include <optional>
#include <string>
#include <vector>

#include "mint.h"

namespace seam {

// An account of the test authority.
struct User {
  std::wstring name;
  std::wstring domain;
  std::wstring password;
  std::wstring sid;
  // Besides Everyone, Users and Authenticated Users.
  std::vector<Group> groups;
  std::vector<std::wstring> privileges;
  // The domain as TranslateNameW calls it; by default what it is called otherwise.
  std::wstring dns;
  // The Win32 error every logon of it ends with, such as ERROR_ACCOUNT_LOCKED_OUT; 0 for none.
  DWORD error = ERROR_SUCCESS;
};

// Instead of an earlier one of that name and domain.
void DefineUser(const User& user);
void ForgetUsers();

// By the forms LogonUserW takes: name and domain, or "name@domain" and no domain. "." and an empty domain
// mean this computer's. Names are compared without regard to case.
std::optional<User> FindUser(const std::wstring& name, const std::wstring& domain);
std::optional<User> FindUserBySid(const std::wstring& sid);

bool IsLocal(const User& user);

// A token for the user as one more logon gives it. The group says how: NETWORK (S-1-5-2), INTERACTIVE
// (S-1-5-4)...
Handle MintForUser(const User& user, const std::wstring& logon_group, TOKEN_TYPE type,
                   SECURITY_IMPERSONATION_LEVEL level);

}  // namespace seam
