#pragma once

#include <string>

namespace impersonate::win32 {

// UTF-16 for a call that takes a terminated string. Throws ERR_INVALID_ARG_VALUE for text that is not
// UTF-8, has a NUL inside (the system would see only what is before it) or is longer than the system takes.
std::wstring ToWide(const std::string& text);

// UTF-8; a lone surrogate becomes U+FFFD.
std::string ToUtf8(const std::wstring& text);

}  // namespace impersonate::win32
