#include <cstdint>

#include "core/port.h"
#include "win32/last_error.h"
#include "win32/logon/s4u.h"
#include "win32/process_identity.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::Win32Token;

constexpr DWORD kToCopy = TOKEN_QUERY | TOKEN_DUPLICATE;

// A copy, so that whoever changes the original later does not change ours.
TokenRef CopyOfThreadToken() {
  const win32::UniqueHandle original = win32::OpenCurrentThreadToken(kToCopy);
  if (!original) return nullptr;
  return Win32Token::CopyOf(original.get(), win32::LevelOf(original.get()), false);
}

// Handles are small positive numbers; the pseudo handles (the current process, thread and their tokens)
// are negative, in 32 bits or 64.
HANDLE RequireRealHandle(std::uint64_t number) {
  if (number == 0) throw win32::InvalidArgument("The argument 'handle' is the null handle");
  if (number > INT32_MAX)
    throw win32::InvalidArgument("The argument 'handle' is a pseudo handle or no handle");
  return reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(number));
}

void RequireToken(HANDLE handle) {
  TOKEN_TYPE type{};
  DWORD length = 0;
  if (GetTokenInformation(handle, TokenType, &type, sizeof type, &length)) return;
  const DWORD error = GetLastError();
  if (error == ERROR_ACCESS_DENIED) {
    throw win32::Win32Error(error, "GetTokenInformation", "the handle lacks TOKEN_QUERY");
  }
  throw win32::InvalidArgument("The argument 'handle' is not an open handle of an access token");
}

TokenRef CopyOfHandle(HANDLE handle) {
  const bool primary = win32::IsPrimary(handle);
  const Level level = primary ? Level::kImpersonation : win32::LevelOf(handle);
  try {
    return Win32Token::CopyOf(handle, level, primary);
  } catch (const Error& error) {
    if (error.number() != ERROR_ACCESS_DENIED || error.syscall() != "DuplicateTokenEx") throw;
    throw win32::Win32Error(ERROR_ACCESS_DENIED, "DuplicateTokenEx", "the handle lacks TOKEN_DUPLICATE");
  }
}

}  // namespace

TokenRef ProcessToken() {
  return Win32Token::CopyOf(win32::ProcessIdentity::Get().token(), Level::kImpersonation, true);
}

TokenRef ThreadToken() { return CopyOfThreadToken(); }

TokenRef AnonymousToken() {
  const win32::KeepThreadToken keep;
  if (!ImpersonateAnonymousToken(GetCurrentThread())) win32::ThrowLastError("ImpersonateAnonymousToken");
  TokenRef token = CopyOfThreadToken();
  if (!token) throw win32::Win32Error(ERROR_NO_TOKEN, "OpenThreadToken");
  return token;
}

TokenRef TokenForUser(const std::string& name, UserSource source, bool) {
  return CopyOfHandle(win32::LogOnForUser(name, source).get());
}

TokenRef TokenForIds(std::uint32_t, std::uint32_t, const std::vector<std::uint32_t>&) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "Users have numbers on Linux only: name the user");
}

TokenRef TokenFromHandle(std::uint64_t handle, bool adopt) {
  const HANDLE source = RequireRealHandle(handle);
  RequireToken(source);
  TokenRef token = CopyOfHandle(source);
  if (adopt && !CloseHandle(source)) win32::ThrowLastError("CloseHandle");
  return token;
}

}  // namespace impersonate::port
