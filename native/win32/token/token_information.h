#pragma once

#include <windows.h>

#include <string>
#include <vector>

#include "core/token.h"
#include "win32/last_error.h"
#include "win32/sid.h"

namespace impersonate::win32 {

// A token's information of one class, of any length. Every handle here needs TOKEN_QUERY.
std::vector<unsigned char> QueryToken(HANDLE token, TOKEN_INFORMATION_CLASS what);

// The information of a class whose structure points into its own buffer, kept together with the buffer.
template <typename T>
class TokenInformation {
 public:
  TokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS what) : bytes_(QueryToken(token, what)) {}
  const T* operator->() const noexcept { return reinterpret_cast<const T*>(bytes_.data()); }

 private:
  std::vector<unsigned char> bytes_;
};

// The information of a class of fixed length.
template <typename T>
T TokenValue(HANDLE token, TOKEN_INFORMATION_CLASS what) {
  T value{};
  DWORD length = 0;
  if (!GetTokenInformation(token, what, &value, sizeof value, &length)) ThrowLastError("GetTokenInformation");
  return value;
}

Sid UserOf(HANDLE token);
// The impersonation level of an impersonation token.
Level LevelOf(HANDLE token);
bool IsPrimary(HANDLE token);

// Whether an impersonation token stands for a user who has been authenticated: false for ANONYMOUS LOGON, for
// a guest, and at level anonymous, which hides the user.
bool IsAuthenticated(HANDLE token);

// A text for the contents of a token of level `level`: see port::Fingerprint.
std::string FingerprintOf(HANDLE token, Level level);

}  // namespace impersonate::win32
