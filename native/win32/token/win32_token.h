#pragma once

#include <windows.h>

#include <memory>

#include "core/token.h"
#include "win32/handle.h"

namespace impersonate::win32 {

// A token of ours: an impersonation token for threads.
class Win32Token final : public Token {
 public:
  // A copy of `source` (TOKEN_QUERY | TOKEN_DUPLICATE) at `level`; raising an impersonation token's level is
  // ERROR_BAD_IMPERSONATION_LEVEL. `primary` says that it stands for a primary token.
  static std::shared_ptr<const Win32Token> CopyOf(HANDLE source, Level level, bool primary);

  // Every token of this port is one.
  static const Win32Token& From(const Token& token) noexcept { return static_cast<const Win32Token&>(token); }

  // TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_DUPLICATE, stays this object's.
  HANDLE handle() const noexcept { return handle_.get(); }
  bool primary() const noexcept { return primary_; }

 private:
  Win32Token(UniqueHandle handle, Level level, bool primary) noexcept;

  UniqueHandle handle_;
  bool primary_;
};

}  // namespace impersonate::win32
