#include "win32/token/adjustable_copy.h"

#include "win32/last_error.h"

namespace impersonate::win32 {

UniqueHandle AdjustableCopy(HANDLE source, Level level, DWORD access) {
  HANDLE copy = nullptr;
  if (!DuplicateTokenEx(source, TOKEN_QUERY | TOKEN_DUPLICATE | access, nullptr,
                        static_cast<SECURITY_IMPERSONATION_LEVEL>(level), TokenImpersonation, &copy)) {
    ThrowLastError("DuplicateTokenEx");
  }
  return UniqueHandle(copy);
}

}  // namespace impersonate::win32
