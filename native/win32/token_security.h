#pragma once

#include <windows.h>

#include <vector>

namespace impersonate::win32 {

// Who may open a token of ours once it is on a thread: the process, to read it back, and the token's own
// user, for code that opens it as the thread. Neither may change it. The system's default would follow
// from whomever the creating thread impersonates, and could lock the process out.
class TokenSecurity {
 public:
  explicit TokenSecurity(PSID user);
  TokenSecurity(const TokenSecurity&) = delete;
  TokenSecurity& operator=(const TokenSecurity&) = delete;

  // For the creation of the token; valid while this object lives.
  SECURITY_ATTRIBUTES* attributes() noexcept { return &attributes_; }

 private:
  ACL* dacl() noexcept { return reinterpret_cast<ACL*>(dacl_.data()); }
  void Allow(PSID sid);

  std::vector<unsigned char> dacl_;
  SECURITY_DESCRIPTOR descriptor_{};
  SECURITY_ATTRIBUTES attributes_{};
};

}  // namespace impersonate::win32
