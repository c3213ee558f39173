#include "win32/token/privilege.h"

#include <map>
#include <mutex>
#include <utility>

#include "win32/last_error.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"

namespace impersonate::win32 {
namespace {

// Names do not change while the system runs, and each look-up is a call to the security authority, which a
// token may need two dozen of.
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

}  // namespace impersonate::win32
