#pragma once

#include <string>

namespace seam {

std::wstring Wide(const std::string& utf8);
std::string Utf8(const std::wstring& wide);

// As Windows compares account names and paths: by code unit, without regard to case.
bool EqualText(const std::wstring& a, const std::wstring& b);

}  // namespace seam
