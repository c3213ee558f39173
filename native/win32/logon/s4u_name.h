#pragma once

#include <optional>
#include <string>

#include "win32/sid.h"

namespace impersonate::win32 {

// A user name in one of the usual forms: `user@domain`, `DOMAIN\user`, `.\user` or the name of a local user.
class S4UName {
 public:
  // Throws ERR_INVALID_ARG_VALUE for a text of another form.
  explicit S4UName(const std::string& text);

  // Whether the user is local: the domain is the computer's NetBIOS name, "." or missing.
  bool local() const noexcept { return local_; }

  const std::wstring& user() const noexcept { return user_; }
  // "." for this computer.
  const std::wstring& domain() const noexcept { return domain_; }

  struct Principal {
    std::wstring upn;
    // The user that the token must have, if the UPN is not the caller's own text.
    std::optional<Sid> expected;
  };
  // The user's name for Kerberos. Only for a name with a domain. Queries the domain if the name is not a UPN.
  Principal ToPrincipal() const;

 private:
  std::string text_;
  std::wstring whole_;
  std::wstring user_;
  std::wstring domain_;
  bool upn_ = false;
  bool local_;
};

}  // namespace impersonate::win32
