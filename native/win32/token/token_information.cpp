#include "win32/token/token_information.h"

namespace impersonate::win32 {

std::vector<unsigned char> QueryToken(HANDLE token, TOKEN_INFORMATION_CLASS what) {
  std::vector<unsigned char> bytes(1024);
  for (;;) {
    DWORD length = 0;
    if (GetTokenInformation(token, what, bytes.data(), static_cast<DWORD>(bytes.size()), &length))
      return bytes;
    const DWORD error = GetLastError();
    // A token can grow between two queries, so the length is asked for until the answer fits.
    if (error != ERROR_INSUFFICIENT_BUFFER || length <= bytes.size()) {
      throw Win32Error(error, "GetTokenInformation");
    }
    bytes.resize(length);
  }
}

Sid UserOf(HANDLE token) {
  const TokenInformation<TOKEN_USER> user(token, TokenUser);
  return Sid(user->User.Sid);
}

Level LevelOf(HANDLE token) {
  return static_cast<Level>(TokenValue<SECURITY_IMPERSONATION_LEVEL>(token, TokenImpersonationLevel));
}

bool IsPrimary(HANDLE token) { return TokenValue<TOKEN_TYPE>(token, TokenType) == TokenPrimary; }

}  // namespace impersonate::win32
