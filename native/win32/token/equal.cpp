#include "core/derive.h"
#include "core/port.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

LUID IdOf(const Token& token) {
  return win32::TokenValue<TOKEN_STATISTICS>(win32::Win32Token::From(token).handle(), TokenStatistics)
      .TokenId;
}

bool SameId(const LUID& a, const LUID& b) { return a.LowPart == b.LowPart && a.HighPart == b.HighPart; }

}  // namespace

bool Equal(const Token& a, const Token& b) {
  return SameId(IdOf(a), IdOf(b)) || Fingerprint(a) == Fingerprint(b);
}

}  // namespace impersonate::port
