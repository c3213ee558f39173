#pragma once

#include <string>

#include "core/secret.h"

// Text of the system, which is UTF-16, and of the rest of the addon, which is UTF-8.
namespace impersonate::win32 {

// UTF-16 for a call that takes a terminated string. Throws ERR_INVALID_ARG_VALUE for text that is not
// UTF-8, has a NUL inside (the system would see only what is before it) or is longer than the system takes.
std::wstring ToWide(const std::string& text);

// UTF-8 of a text that the system has returned; a lone surrogate becomes U+FFFD. Throws the last error if the
// system cannot convert it.
std::string ToUtf8(const std::wstring& text);

// Whether the texts are the same without regard to case, as the system compares the names of its objects and
// accounts (CompareStringOrdinal).
bool EqualIgnoringCase(const std::wstring& a, const std::wstring& b);

// UTF-16 of a password, in memory that is wiped. Throws ERR_INVALID_ARG_VALUE if it is not UTF-8.
Secret<wchar_t> ToWide(const Secret<char>& utf8);

}  // namespace impersonate::win32
