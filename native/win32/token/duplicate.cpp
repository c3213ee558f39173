#include "core/port.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {

TokenRef Duplicate(const Token& token, Level level) {
  return win32::Win32Token::CopyOf(win32::Win32Token::From(token).handle(), level, false);
}

}  // namespace impersonate::port
