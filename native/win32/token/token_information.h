#pragma once

#include <windows.h>

#include <vector>

#include "core/token.h"
#include "win32/last_error.h"
#include "win32/sid.h"

namespace impersonate::win32 {

// What the kernel says of a token in one information class, of whatever length. The handle needs
// TOKEN_QUERY.
std::vector<unsigned char> QueryToken(HANDLE token, TOKEN_INFORMATION_CLASS what);

// An information class whose structure points into its own buffer, kept together with it.
template <typename T>
class TokenInformation {
 public:
  TokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS what) : bytes_(QueryToken(token, what)) {}
  const T* operator->() const noexcept { return reinterpret_cast<const T*>(bytes_.data()); }

 private:
  std::vector<unsigned char> bytes_;
};

// An information class of fixed length.
template <typename T>
T TokenValue(HANDLE token, TOKEN_INFORMATION_CLASS what) {
  T value{};
  DWORD length = 0;
  if (!GetTokenInformation(token, what, &value, sizeof value, &length)) ThrowLastError("GetTokenInformation");
  return value;
}

Sid UserOf(HANDLE token);
// The token has to be an impersonation token.
Level LevelOf(HANDLE token);
bool IsPrimary(HANDLE token);

}  // namespace impersonate::win32
