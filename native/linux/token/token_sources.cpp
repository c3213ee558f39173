#include <grp.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port.h"
#include "linux/credentials/credentials.h"
#include "linux/credentials/process_credentials.h"
#include "linux/pam/pam_session.h"
#include "linux/token/linux_token.h"
#include "linux/token/passwd.h"

namespace impersonate::port {
namespace {

using linux_port::Credentials;
using linux_port::Identity;
using linux_port::IdentityOf;
using linux_port::LinuxToken;

// The kernel's own id for nobody, which no account's files belong to.
constexpr uid_t kNobody = 65534;
constexpr gid_t kNoGroup = 65534;

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

// The service that Token.logon uses, too, unless it is given another.
constexpr const char* kAccountService = "login";

void RequireNotExpired(const std::string& name) {
  constexpr std::int64_t kDay = 86400;
  const std::optional<std::int64_t> last = linux_port::FindExpiry(name);
  if (!last || static_cast<std::int64_t>(std::time(nullptr)) / kDay < *last) return;
  throw Error("ERR_ACCOUNT_EXPIRED", 0, "getspnam_r", "The account '" + name + "' has expired (/etc/shadow)");
}

// Root's token keeps what the process itself may do; nobody else's keeps anything.
TokenRef NewUser(uid_t uid, gid_t gid, std::vector<gid_t> groups) {
  const std::uint64_t capabilities = uid == 0 ? ~std::uint64_t{0} : 0;
  return std::make_shared<LinuxToken>(LinuxToken::Source::kUser, Level::kImpersonation,
                                      Identity{uid, gid, std::move(groups), capabilities});
}

}  // namespace

TokenRef ProcessToken() {
  return std::make_shared<LinuxToken>(LinuxToken::Source::kProcess, Level::kImpersonation,
                                      IdentityOf(linux_port::ProcessCredentials()));
}

TokenRef ThreadToken() {
  Credentials thread;
  linux_port::ReadCredentials(thread);
  if (thread == linux_port::ProcessCredentials()) return nullptr;
  return std::make_shared<LinuxToken>(LinuxToken::Source::kUser, Level::kImpersonation, IdentityOf(thread));
}

TokenRef AnonymousToken() {
  return std::make_shared<LinuxToken>(LinuxToken::Source::kAnonymous, Level::kImpersonation,
                                      Identity{kNobody, kNoGroup, {}, 0});
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
  return NewUser(user->uid, user->gid, GroupsOf(name, user->gid));
}

TokenRef TokenForIds(std::uint32_t uid, std::uint32_t gid, const std::vector<std::uint32_t>& groups) {
  return NewUser(uid, gid, {groups.begin(), groups.end()});
}

TokenRef TokenFromHandle(std::uint64_t, bool) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "Token handles exist on Windows only");
}

}  // namespace impersonate::port
