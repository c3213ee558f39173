#include "linux/token/passwd.h"

#include <grp.h>
#include <pwd.h>
#include <shadow.h>

#include <cerrno>
#include <cstddef>
#include <vector>

#include "linux/errno_error.h"

namespace impersonate::linux_port {
namespace {

// Calls a get*_r function with a buffer that grows until the entry fits; null if there is no entry.
template <typename Entry, typename Function, typename Key>
const Entry* Find(Function function, const char* syscall, Key key, Entry& entry, std::vector<char>& buffer) {
  constexpr std::size_t kFirst = 4096, kMost = 16 << 20;
  for (std::size_t size = kFirst;; size *= 2) {
    buffer.resize(size);
    Entry* found = nullptr;
    int error = 0;
    do {
      error = function(key, &entry, buffer.data(), buffer.size(), &found);
    } while (error == EINTR);
    if (error == ERANGE && size < kMost) continue;
    // Some databases return one of these errors for an unknown name.
    if (error == ENOENT || error == ESRCH) return nullptr;
    if (error != 0) throw ErrnoError(error, syscall);
    return found;
  }
}

PasswdEntry EntryOf(const passwd& found) {
  return {found.pw_name, found.pw_uid, found.pw_gid, found.pw_dir ? found.pw_dir : "",
          found.pw_shell ? found.pw_shell : ""};
}

}  // namespace

std::optional<PasswdEntry> FindUser(const std::string& name) {
  passwd entry{};
  std::vector<char> buffer;
  const passwd* found = Find<passwd>(::getpwnam_r, "getpwnam_r", name.c_str(), entry, buffer);
  if (!found) return std::nullopt;
  return EntryOf(*found);
}

std::optional<PasswdEntry> FindUserByUid(uid_t uid) {
  passwd entry{};
  std::vector<char> buffer;
  const passwd* found = Find<passwd>(::getpwuid_r, "getpwuid_r", uid, entry, buffer);
  return found ? std::optional<PasswdEntry>(EntryOf(*found)) : std::nullopt;
}

std::optional<std::string> FindUserName(uid_t uid) {
  const std::optional<PasswdEntry> found = FindUserByUid(uid);
  return found ? std::optional<std::string>(found->name) : std::nullopt;
}

std::optional<std::int64_t> FindExpiry(const std::string& name) {
  spwd entry{};
  std::vector<char> buffer;
  try {
    const spwd* found = Find<spwd>(::getspnam_r, "getspnam_r", name.c_str(), entry, buffer);
    if (!found || found->sp_expire == -1) return std::nullopt;
    return found->sp_expire;
  } catch (const Error& error) {
    if (error.number() == EACCES || error.number() == EPERM) return std::nullopt;
    throw;
  }
}

std::optional<std::string> FindGroupName(gid_t gid) {
  group entry{};
  std::vector<char> buffer;
  const group* found = Find<group>(::getgrgid_r, "getgrgid_r", gid, entry, buffer);
  return found ? std::optional<std::string>(found->gr_name) : std::nullopt;
}

}  // namespace impersonate::linux_port
