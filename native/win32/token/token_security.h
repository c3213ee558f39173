#pragma once

#include <windows.h>

#include <vector>

namespace impersonate::win32 {

// The security descriptor of a token of ours, which others could open once it is on a thread: it belongs to
// the process's user, who may read, duplicate and put it on, and admits nobody else. Not the token's own user
// either, who may hold another token of that name, with fewer rights. The system's default would follow from
// whomever the creating thread impersonates.
class TokenSecurity {
 public:
  TokenSecurity();
  TokenSecurity(const TokenSecurity&) = delete;
  TokenSecurity& operator=(const TokenSecurity&) = delete;

  // For the creation of the token by a thread that acts as the process: nobody else can make the process's
  // user the owner. Valid while this object lives.
  SECURITY_ATTRIBUTES* attributes() noexcept { return &attributes_; }

 private:
  ACL* dacl() noexcept { return reinterpret_cast<ACL*>(dacl_.data()); }

  std::vector<unsigned char> dacl_;
  SECURITY_DESCRIPTOR descriptor_{};
  SECURITY_ATTRIBUTES attributes_{};
};

}  // namespace impersonate::win32
