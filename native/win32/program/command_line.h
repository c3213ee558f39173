#pragma once

#include <string>
#include <vector>

namespace impersonate::win32 {

// The command line that the C runtime of the program splits into these arguments again; `verbatim` joins them
// with spaces only. Throws ENAMETOOLONG for one that is longer than the system allows.
std::wstring CommandLine(const std::vector<std::string>& arguments, bool verbatim);

// Whether the name is that of a batch file, which the system would start with a shell that parses the command
// line by other rules: .bat or .cmd, in any case, before dots and spaces that the system ignores.
bool IsBatchFile(const std::wstring& name);

}  // namespace impersonate::win32
