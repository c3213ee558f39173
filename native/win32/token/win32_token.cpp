#include "win32/token/win32_token.h"

#include <utility>

#include "win32/last_error.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_security.h"

namespace impersonate::win32 {

static_assert(static_cast<int>(Level::kAnonymous) == SecurityAnonymous);
static_assert(static_cast<int>(Level::kIdentification) == SecurityIdentification);
static_assert(static_cast<int>(Level::kImpersonation) == SecurityImpersonation);
static_assert(static_cast<int>(Level::kDelegation) == SecurityDelegation);

std::shared_ptr<const Win32Token> Win32Token::CopyOf(HANDLE source, Level level, bool primary) {
  constexpr DWORD kAccess = TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_DUPLICATE;
  TokenSecurity security;
  const AsProcess as_process;
  HANDLE copy = nullptr;
  if (!DuplicateTokenEx(source, kAccess, security.attributes(),
                        static_cast<SECURITY_IMPERSONATION_LEVEL>(level), TokenImpersonation, &copy)) {
    ThrowLastError("DuplicateTokenEx");
  }
  UniqueHandle handle(copy);
  return std::shared_ptr<const Win32Token>(new Win32Token(std::move(handle), level, primary));
}

Win32Token::Win32Token(UniqueHandle handle, Level level, bool primary) noexcept
    : Token(level), handle_(std::move(handle)), primary_(primary) {}

}  // namespace impersonate::win32
