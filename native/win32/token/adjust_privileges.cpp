#include <cstddef>
#include <string>
#include <vector>

#include "core/derive.h"
#include "win32/last_error.h"
#include "win32/thread/current_thread.h"
#include "win32/token/adjustable_copy.h"
#include "win32/token/privilege.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::Win32Token;

// TOKEN_PRIVILEGES of as many entries as there are names.
std::vector<unsigned char> ToEnable(const std::vector<std::string>& names) {
  std::vector<unsigned char> bytes(offsetof(TOKEN_PRIVILEGES, Privileges) +
                                   sizeof(LUID_AND_ATTRIBUTES) * (names.empty() ? 1 : names.size()));
  auto* const list = reinterpret_cast<TOKEN_PRIVILEGES*>(bytes.data());
  list->PrivilegeCount = static_cast<DWORD>(names.size());
  LUID_AND_ATTRIBUTES* entry = list->Privileges;
  for (const std::string& name : names) *entry++ = {win32::PrivilegeByName(name), SE_PRIVILEGE_ENABLED};
  return bytes;
}

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

TokenRef WithPrivileges(const Token& token, const std::vector<std::string>& names) {
  // The token on the way has the process's default security descriptor.
  const win32::AsProcess as_process;
  std::vector<unsigned char> wanted = ToEnable(names);
  const HANDLE source = Win32Token::From(token).handle();
  const win32::UniqueHandle copy = win32::AdjustableCopy(source, token.level(), TOKEN_ADJUST_PRIVILEGES);
  const BOOL adjusted = AdjustTokenPrivileges(
      copy.get(), FALSE, reinterpret_cast<TOKEN_PRIVILEGES*>(wanted.data()), 0, nullptr, nullptr);
  // It succeeds as well if it has enabled only some, and says so by its last error alone.
  const DWORD error = GetLastError();
  if (!adjusted || error == ERROR_NOT_ALL_ASSIGNED) {
    throw win32::Win32Error(
        error, "AdjustTokenPrivileges",
        error == ERROR_NOT_ALL_ASSIGNED ? "the token does not hold all of " + Join(names) : "");
  }
  return Win32Token::CopyOf(copy.get(), token.level(), false);
}

}  // namespace impersonate::port
