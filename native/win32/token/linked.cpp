#include "core/derive.h"
#include "win32/last_error.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

// Null if there is none. Asked as the process: what comes back depends on the caller's SeTcbPrivilege.
win32::UniqueHandle OpenLinkedToken(HANDLE token) {
  const win32::AsProcess as_process;
  TOKEN_LINKED_TOKEN linked{};
  DWORD length = 0;
  if (GetTokenInformation(token, TokenLinkedToken, &linked, sizeof linked, &length))
    return win32::UniqueHandle(linked.LinkedToken);
  const DWORD error = GetLastError();
  if (error == ERROR_NO_SUCH_LOGON_SESSION) return nullptr;
  throw win32::Win32Error(error, "GetTokenInformation");
}

}  // namespace

TokenRef LinkedToken(const Token& token) {
  const win32::UniqueHandle linked = OpenLinkedToken(win32::Win32Token::From(token).handle());
  if (!linked) return nullptr;
  const bool primary = win32::IsPrimary(linked.get());
  const Level level = primary ? Level::kImpersonation : win32::LevelOf(linked.get());
  return win32::Win32Token::CopyOf(linked.get(), level, primary);
}

}  // namespace impersonate::port
