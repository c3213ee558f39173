#include "win32/token/privilege.h"

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "win32/last_error.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"
#include "win32/token/restricted_token.h"
#include "win32/token/token_information.h"

namespace impersonate::win32 {
namespace {

// A cache of privilege names: they do not change while the system runs, and each look-up is a call to the
// security authority, of which a token may need two dozen.
class PrivilegeNames {
 public:
  static PrivilegeNames& Get() {
    static PrivilegeNames* const names = new PrivilegeNames;
    return *names;
  }

  std::string Find(const LUID& privilege) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = names_.find({privilege.HighPart, privilege.LowPart});
    return found == names_.end() ? std::string() : found->second;
  }

  void Add(const LUID& privilege, const std::string& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    names_.emplace(std::make_pair(privilege.HighPart, privilege.LowPart), name);
  }

 private:
  PrivilegeNames() = default;

  std::mutex mutex_;
  std::map<std::pair<LONG, DWORD>, std::string> names_;
};

std::string LookUpName(LUID privilege) {
  const AsProcess as_process;
  wchar_t name[256];
  DWORD length = 256;
  if (LookupPrivilegeNameW(nullptr, &privilege, name, &length)) return ToUtf8(name);
  const DWORD error = GetLastError();
  if (error != ERROR_NO_SUCH_PRIVILEGE) throw Win32Error(error, "LookupPrivilegeNameW");
  return "Privilege" + std::to_string(privilege.LowPart);
}

// TOKEN_PRIVILEGES that enables the named privileges.
std::vector<unsigned char> ToEnable(const std::vector<std::string>& names) {
  std::vector<unsigned char> bytes(offsetof(TOKEN_PRIVILEGES, Privileges) +
                                   sizeof(LUID_AND_ATTRIBUTES) * (names.empty() ? 1 : names.size()));
  auto* const list = reinterpret_cast<TOKEN_PRIVILEGES*>(bytes.data());
  list->PrivilegeCount = static_cast<DWORD>(names.size());
  LUID_AND_ATTRIBUTES* entry = list->Privileges;
  for (const std::string& name : names) *entry++ = {PrivilegeByName(name), SE_PRIVILEGE_ENABLED};
  return bytes;
}

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::string PrivilegeName(const LUID& privilege) {
  PrivilegeNames& names = PrivilegeNames::Get();
  std::string name = names.Find(privilege);
  if (name.empty()) {
    name = LookUpName(privilege);
    names.Add(privilege, name);
  }
  return name;
}

LUID PrivilegeByName(const std::string& name) {
  const std::wstring wide = ToWide(name);
  const AsProcess as_process;
  LUID privilege{};
  if (LookupPrivilegeValueW(nullptr, wide.c_str(), &privilege)) return privilege;
  const DWORD error = GetLastError();
  if (error != ERROR_NO_SUCH_PRIVILEGE) throw Win32Error(error, "LookupPrivilegeValueW");
  throw InvalidArgument("'" + name + "' is not a privilege");
}

bool HoldsPrivilege(HANDLE token, const LUID& privilege) {
  const TokenInformation<TOKEN_PRIVILEGES> held(token, TokenPrivileges);
  for (DWORD i = 0; i < held->PrivilegeCount; ++i) {
    const LUID& luid = held->Privileges[i].Luid;
    if (luid.LowPart == privilege.LowPart && luid.HighPart == privilege.HighPart) return true;
  }
  return false;
}

UniqueHandle CopyWithPrivileges(HANDLE source, Level level, const std::vector<std::string>& names) {
  std::vector<unsigned char> wanted = ToEnable(names);
  UniqueHandle copy = AdjustableCopy(source, level, TOKEN_ADJUST_PRIVILEGES);
  const BOOL adjusted = AdjustTokenPrivileges(
      copy.get(), FALSE, reinterpret_cast<TOKEN_PRIVILEGES*>(wanted.data()), 0, nullptr, nullptr);
  // The call also succeeds if it has enabled only some, which it reports by the last error alone.
  const DWORD error = GetLastError();
  if (!adjusted || error == ERROR_NOT_ALL_ASSIGNED) {
    throw Win32Error(error, "AdjustTokenPrivileges",
                     error == ERROR_NOT_ALL_ASSIGNED ? "the token does not hold all of " + Join(names) : "");
  }
  return copy;
}

}  // namespace impersonate::win32
