#include "win32/program/command_line.h"

#include <windows.h>

#include <cstddef>

#include "win32/program/program_error.h"
#include "win32/text.h"

namespace impersonate::win32 {
namespace {

// With the NUL at its end.
constexpr std::size_t kMaxCommandLine = 32767;

// Appends the argument as a quoted string. Backslashes stand for themselves unless a quotation mark follows.
void AppendQuoted(std::wstring& line, const std::wstring& argument) {
  line += L'"';
  std::size_t backslashes = 0;
  for (const wchar_t unit : argument) {
    if (unit == L'"') line.append(backslashes + 1, L'\\');
    backslashes = unit == L'\\' ? backslashes + 1 : 0;
    line += unit;
  }
  line.append(backslashes, L'\\');
  line += L'"';
}

void Append(std::wstring& line, const std::wstring& argument) {
  const bool plain = !argument.empty() && argument.find_first_of(L" \t\"") == std::wstring::npos;
  if (plain) {
    line += argument;
  } else {
    AppendQuoted(line, argument);
  }
}

}  // namespace

std::wstring CommandLine(const std::vector<std::string>& arguments, bool verbatim) {
  std::wstring line;
  for (const std::string& argument : arguments) {
    if (&argument != &arguments.front()) line += L' ';
    const std::wstring wide = ToLongWide(argument);
    if (verbatim) {
      line += wide;
    } else {
      Append(line, wide);
    }
  }
  if (line.size() >= kMaxCommandLine) throw ProgramError(ERROR_FILENAME_EXCED_RANGE, "CreateProcessAsUserW");
  return line;
}

bool IsBatchFile(const std::wstring& name) {
  const std::size_t last = name.find_last_not_of(L". ");
  if (last == std::wstring::npos || last < 3) return false;
  const std::wstring extension = name.substr(last - 3, 4);
  return EqualIgnoringCase(extension, L".bat") || EqualIgnoringCase(extension, L".cmd");
}

}  // namespace impersonate::win32
