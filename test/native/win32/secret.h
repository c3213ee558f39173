#pragma once

#include <windows.h>

#include <vector>

namespace seam {

// A password in UTF-16, with a terminator. Wiped at the end of its life; never copied.
class Secret {
 public:
  Secret(const char* utf8, size_t size) {
    const int bytes = static_cast<int>(size);
    const int units = bytes > 0 ? MultiByteToWideChar(CP_UTF8, 0, utf8, bytes, nullptr, 0) : 0;
    text_.resize(static_cast<size_t>(units) + 1);
    if (units > 0) MultiByteToWideChar(CP_UTF8, 0, utf8, bytes, text_.data(), units);
  }
  ~Secret() { SecureZeroMemory(text_.data(), text_.size() * sizeof(wchar_t)); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  // Win32 takes passwords as text that it could change, and does not.
  wchar_t* text() noexcept { return text_.data(); }
  unsigned long length() const noexcept { return static_cast<unsigned long>(text_.size() - 1); }

 private:
  std::vector<wchar_t> text_;
};

}  // namespace seam
