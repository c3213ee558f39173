#include "core/logon.h"

#include <windows.h>

#include <cstring>
#include <string>

#include "win32/handle.h"
#include "win32/last_error.h"
#include "win32/proven.h"
#include "win32/text.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::UniqueHandle;

static_assert(static_cast<int>(LogonType::kInteractive) == LOGON32_LOGON_INTERACTIVE);
static_assert(static_cast<int>(LogonType::kNetwork) == LOGON32_LOGON_NETWORK);
static_assert(static_cast<int>(LogonType::kBatch) == LOGON32_LOGON_BATCH);
static_assert(static_cast<int>(LogonType::kService) == LOGON32_LOGON_SERVICE);
static_assert(static_cast<int>(LogonType::kUnlock) == LOGON32_LOGON_UNLOCK);
static_assert(static_cast<int>(LogonType::kNetworkCleartext) == LOGON32_LOGON_NETWORK_CLEARTEXT);
static_assert(static_cast<int>(LogonType::kNewCredentials) == LOGON32_LOGON_NEW_CREDENTIALS);
static_assert(static_cast<int>(LogonProvider::kDefault) == LOGON32_PROVIDER_DEFAULT);
static_assert(static_cast<int>(LogonProvider::kWinNt40) == LOGON32_PROVIDER_WINNT40);
static_assert(static_cast<int>(LogonProvider::kWinNt50) == LOGON32_PROVIDER_WINNT50);

Secret<wchar_t> ToWide(const Secret<char>& utf8) {
  const std::size_t length = std::strlen(utf8.data());
  // No character takes more UTF-16 units than it took bytes.
  Secret<wchar_t> wide(length);
  if (length > 0 && MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8.data(), static_cast<int>(length),
                                        wide.data(), static_cast<int>(length)) == 0) {
    throw win32::InvalidArgument("The \"options.password\" argument is not UTF-8");
  }
  return wide;
}

// The system's own token; nothing of the password is left when this returns.
UniqueHandle LogOn(const Logon& logon) {
  const std::wstring user = win32::ToWide(logon.user);
  const std::wstring domain = win32::ToWide(logon.domain);
  const Secret<wchar_t> password = ToWide(logon.password);
  HANDLE token = nullptr;
  if (!LogonUserW(user.c_str(), logon.domain.empty() ? nullptr : domain.c_str(), password.data(),
                  static_cast<DWORD>(logon.type), static_cast<DWORD>(logon.provider), &token)) {
    win32::ThrowLastError("LogonUserW");
  }
  return UniqueHandle(token);
}

// Where Guest is enabled and has no password, Windows lets in as guest whomever it does not know.
void RefuseGuest(HANDLE token) {
  if (!win32::IsGuest(win32::UserOf(token).get())) return;
  throw win32::Win32Error(ERROR_LOGON_FAILURE, "LogonUserW",
                          "Windows has let the user in as a guest, who proves nothing");
}

}  // namespace

TokenRef TokenForLogon(const Logon& logon) {
  const UniqueHandle token = LogOn(logon);
  RefuseGuest(token.get());
  const bool primary = win32::IsPrimary(token.get());
  const Level level = primary ? Level::kImpersonation : win32::LevelOf(token.get());
  return win32::Win32Token::CopyOf(token.get(), level, primary);
}

}  // namespace impersonate::port
