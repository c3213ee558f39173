#include "win32/text.h"

#include <windows.h>

#include <climits>
#include <cstddef>
#include <cstring>

#include "win32/last_error.h"

namespace impersonate::win32 {
namespace {

// The maximum length of a UNICODE_STRING, and so of every name in the system.
constexpr std::size_t kMaxLength = 32767;

}  // namespace

std::wstring ToLongWide(const std::string& text) {
  if (text.empty()) return {};
  if (text.size() > INT_MAX) throw InvalidArgument("The text is too long");
  if (text.find('\0') != std::string::npos) throw InvalidArgument("The text contains a null character");
  // No character takes more UTF-16 units than it took bytes.
  std::wstring wide(text.size(), L'\0');
  const int length =
      MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), static_cast<int>(text.size()),
                          wide.data(), static_cast<int>(wide.size()));
  if (length == 0) throw InvalidArgument("The text is not valid UTF-8");
  wide.resize(static_cast<std::size_t>(length));
  return wide;
}

std::wstring ToWide(const std::string& text) {
  std::wstring wide = ToLongWide(text);
  if (wide.size() > kMaxLength) throw InvalidArgument("The text is too long");
  return wide;
}

std::string ToUtf8(const std::wstring& text) {
  if (text.empty()) return {};
  std::string utf8(text.size() * 3, '\0');  // at most three bytes for each UTF-16 unit
  const int length = WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), utf8.data(),
                                         static_cast<int>(utf8.size()), nullptr, nullptr);
  if (length == 0) ThrowLastError("WideCharToMultiByte");
  utf8.resize(static_cast<std::size_t>(length));
  return utf8;
}

bool EqualIgnoringCase(const std::wstring& a, const std::wstring& b) {
  const int order = CompareStringOrdinal(a.c_str(), static_cast<int>(a.size()), b.c_str(),
                                         static_cast<int>(b.size()), TRUE);
  if (order == 0) ThrowLastError("CompareStringOrdinal");
  return order == CSTR_EQUAL;
}

Secret<wchar_t> ToWide(const Secret<char>& utf8) {
  const std::size_t length = std::strlen(utf8.data());
  // No character takes more UTF-16 units than it took bytes.
  Secret<wchar_t> wide(length);
  if (length > 0 && MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8.data(), static_cast<int>(length),
                                        wide.data(), static_cast<int>(length)) == 0) {
    throw InvalidArgument("The \"options.password\" argument is not UTF-8");
  }
  return wide;
}

}  // namespace impersonate::win32
