#pragma once

#include <windows.h>

#include <memory>

#include "core/token.h"
#include "win32/handle.h"

namespace impersonate::win32 {

// The token class of this port: an impersonation token for threads.
class Win32Token final : public Token {
 public:
  // A copy of `source` (TOKEN_QUERY | TOKEN_DUPLICATE) at `level`; throws ERROR_BAD_IMPERSONATION_LEVEL for a
  // higher level than an impersonation token has. `primary`: the copy stands for a primary token.
  static std::shared_ptr<const Win32Token> CopyOf(HANDLE source, Level level, bool primary);

  // Every token of this port is a Win32Token.
  static const Win32Token& From(const Token& token) noexcept { return static_cast<const Win32Token&>(token); }

  // With TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_DUPLICATE; owned by this object.
  HANDLE handle() const noexcept { return handle_.get(); }
  bool primary() const noexcept { return primary_; }

 private:
  Win32Token(UniqueHandle handle, Level level, bool primary);

  UniqueHandle handle_;
  bool primary_;
};

}  // namespace impersonate::win32
