#include "core/port.h"
#include "win32/thread/current_thread.h"
#include "win32/thread/verify.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {

using win32::Win32Token;

struct Captured {
  win32::UniqueHandle token;  // what somebody else had put on the thread; null for nothing, the normal case

  HANDLE now(const Token* current) const noexcept {
    return current ? Win32Token::From(*current).handle() : token.get();
  }
};

void CapturedDelete::operator()(Captured* captured) const noexcept { delete captured; }

CapturedPtr NewCaptured() { return CapturedPtr(new Captured); }

void Capture(Captured& captured) { captured.token = win32::OpenCurrentThreadToken(TOKEN_IMPERSONATE); }

void Apply(Captured& captured, const Token* current, const Token& token) {
  const Win32Token& target = Win32Token::From(token);
  win32::SetCurrentThreadToken(target.handle());
  if (token.verified()) return;
  try {
    win32::VerifyCurrentThread(target);
  } catch (...) {
    win32::GiveBackCurrentThreadToken(captured.now(current),
                                      current ? Win32Token::From(*current).handle() : nullptr);
    throw;
  }
  token.MarkVerified();
}

void Restore(Captured& captured) noexcept {
  RestoreForNow(captured);
  Forget(captured);
}

void RestoreForNow(Captured& captured) noexcept { win32::GiveBackCurrentThreadToken(captured.token.get()); }

void Forget(Captured& captured) noexcept { captured.token.reset(); }

}  // namespace impersonate::port
