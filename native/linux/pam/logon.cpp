#include "core/port/logon.h"

#include <grp.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/port/token.h"
#include "linux/pam/pam_session.h"
#include "linux/token/passwd.h"

namespace impersonate::port {
namespace {

// Returns the name of the authenticated user. The PAM session has ended when this returns.
std::string AuthenticatedUser(const Logon& logon) {
  linux_port::PamSession session(logon.service, logon.user, logon.password);
  session.Authenticate();
  return session.User();
}

std::vector<gid_t> GroupsOf(const std::string& name, gid_t primary) {
  int count = 64;
  while (true) {
    std::vector<gid_t> groups(static_cast<std::size_t>(count));
    const int room = count;
    if (::getgrouplist(name.c_str(), primary, groups.data(), &count) >= 0) {
      groups.resize(static_cast<std::size_t>(count));
      return groups;
    }
    if (count <= room) count = room * 2;
  }
}

// The default service of Token.logon.
constexpr const char* kAccountService = "login";

void RequireNotExpired(const std::string& name) {
  constexpr std::int64_t kDay = 86400;
  const std::optional<std::int64_t> last = linux_port::FindExpiry(name);
  if (!last || static_cast<std::int64_t>(std::time(nullptr)) / kDay < *last) return;
  throw Error("ERR_ACCOUNT_EXPIRED", 0, "getspnam_r", "The account '" + name + "' has expired (/etc/shadow)");
}

}  // namespace

TokenRef TokenForLogon(const Logon& logon) {
  return TokenForUser(AuthenticatedUser(logon), UserSource::kAuto, false);
}

TokenRef TokenForUser(const std::string& name, UserSource source, bool check_account) {
  if (source != UserSource::kAuto) {
    throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
                "Linux has one user database and no 'source' to choose: leave the option out");
  }
  const std::optional<linux_port::PasswdEntry> user = linux_port::FindUser(name);
  if (!user)
    throw Error("ERR_UNKNOWN_USER", 0, "getpwnam_r", "There is no user '" + name + "' on this system");
  if (check_account) {
    linux_port::RequireAccount(kAccountService, name);
  } else {
    RequireNotExpired(name);
  }
  return TokenForIds(user->uid, user->gid, GroupsOf(name, user->gid));
}

}  // namespace impersonate::port
