#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace impersonate::win32 {

// The environment of a user, from the system's and the user's settings (CreateEnvironmentBlock): nothing of
// this process's. Each is NAME=value. The token needs TOKEN_QUERY.
std::vector<std::wstring> EnvironmentOfUser(HANDLE token);

// The environment of a program, in the form of CreateProcess.
class EnvironmentBlock {
 public:
  // `given` has the form NAME=value, and everything else is ignored. The variables that programs for Windows
  // cannot do without, such as SYSTEMROOT, are those of the token's user unless they are given. Without a
  // token, only those that are the same for all users.
  EnvironmentBlock(const std::vector<std::string>& given, HANDLE token);

  // The value of a variable; "" if there is none.
  std::wstring Find(const std::wstring& name) const;

  // Variables in alphabetical order, each with a NUL, and another NUL at the end.
  wchar_t* data() noexcept { return block_.data(); }

 private:
  void AddRequired(HANDLE token);

  std::vector<std::wstring> variables_;
  std::wstring block_;
};

}  // namespace impersonate::win32
