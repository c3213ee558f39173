#include "s4u_request.h"

#include <cstring>

namespace seam {
namespace {

// KerbS4ULogon and MsV1_0S4ULogon.
constexpr ULONG kS4ULogon = 12;

bool Inside(const UNICODE_STRING& text, const BYTE* begin, const BYTE* end) {
  if (text.Length == 0) return true;
  const auto* const at = reinterpret_cast<const BYTE*>(text.Buffer);
  return at >= begin && at <= end && text.Length <= end - at && text.Length % sizeof(wchar_t) == 0;
}

}  // namespace

S4URequest::S4URequest(const void* block, ULONG size) {
  if (block == nullptr || size < sizeof logon_) return;
  std::memcpy(&logon_, block, sizeof logon_);
  const auto* const begin = static_cast<const BYTE*>(block);
  valid_ = logon_.message_type == kS4ULogon && Inside(logon_.name, begin, begin + size) &&
           Inside(logon_.domain, begin, begin + size);
}

std::wstring S4URequest::Text(const UNICODE_STRING& text) {
  return std::wstring(text.Buffer, text.Length / sizeof(wchar_t));
}

}  // namespace seam
