#include <grp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/port.h"
#include "linux/credentials.h"
#include "linux/passwd.h"
#include "linux/process_identity.h"
#include "linux/token.h"

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

TokenRef TokenForUser(const std::string& name, UserSource source) {
  if (source != UserSource::kAuto) {
    throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
                "Linux has one user database and no 'source' to choose: leave the option out");
  }
  const std::optional<linux_port::PasswdEntry> user = linux_port::FindUser(name);
  if (!user)
    throw Error("ERR_UNKNOWN_USER", 0, "getpwnam_r", "There is no user '" + name + "' on this system");
  // Root's token keeps what the process itself may do; nobody else's keeps anything.
  const std::uint64_t capabilities = user->uid == 0 ? ~std::uint64_t{0} : 0;
  return std::make_shared<LinuxToken>(
      LinuxToken::Source::kUser, Level::kImpersonation,
      Identity{user->uid, user->gid, GroupsOf(name, user->gid), capabilities});
}

TokenRef TokenFromHandle(std::uint64_t, bool) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "Token handles exist on Windows only");
}

}  // namespace impersonate::port
