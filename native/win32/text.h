#pragma once

#include <string>

#include "core/secret.h"

// Conversions between the system's text, which is UTF-16, and the addon's, which is UTF-8.
namespace impersonate::win32 {

// UTF-16 for a call that takes a terminated string. Throws ERR_INVALID_ARG_VALUE for text that is not UTF-8,
// contains a NUL (the system would ignore the rest) or is too long for the system.
std::wstring ToWide(const std::string& text);

// The same for a text of any length.
std::wstring ToLongWide(const std::string& text);

// UTF-8 of a text that the system has returned; an unpaired surrogate becomes U+FFFD. Throws the last error
// if the conversion fails.
std::string ToUtf8(const std::wstring& text);

// Whether the texts are the same without regard to case, as the system compares the names of its objects and
// accounts (CompareStringOrdinal).
bool EqualIgnoringCase(const std::wstring& a, const std::wstring& b);

// UTF-16 of a password, in memory that is wiped. Throws ERR_INVALID_ARG_VALUE if it is not UTF-8.
Secret<wchar_t> ToWide(const Secret<char>& utf8);

}  // namespace impersonate::win32
