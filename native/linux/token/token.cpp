#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/port.h"
#include "linux/credentials/capabilities.h"
#include "linux/token/ids.h"
#include "linux/token/linux_token.h"

namespace impersonate::port {

using linux_port::Identity;
using linux_port::LinuxToken;

namespace {

void RefuseWindowsOnly(const Restrictions& restrictions) {
  constexpr const char* kCode = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
  if (!restrictions.deny_only.empty()) {
    throw Error(kCode, "denyOnly: Linux has no deny-only groups; dropGroups takes a group away altogether");
  }
  if (!restrictions.restricting.empty() || !restrictions.flags.empty()) {
    throw Error(kCode,
                "restrictingSids and flags exist on Windows only: dropGroups and removePrivileges take "
                "something away on Linux");
  }
  if (!restrictions.integrity.empty()) {
    throw Error(kCode, "integrity: Linux has no integrity levels; act as a user who owns nothing instead");
  }
}

}  // namespace

TokenRef Restrict(const Token& token, const Restrictions& restrictions) {
  RefuseWindowsOnly(restrictions);
  const LinuxToken& from = LinuxToken::From(token);
  Identity identity = from.identity();
  for (const std::string& name : restrictions.remove_privileges) {
    identity.capabilities &= ~linux_port::CapabilityBit(name);
  }
  if (restrictions.drop_all_groups) identity.groups.clear();
  for (const std::string& text : restrictions.drop_groups) {
    const gid_t gid = linux_port::ParseGid(text, "dropGroups");
    identity.groups.erase(std::remove(identity.groups.begin(), identity.groups.end(), gid),
                          identity.groups.end());
  }
  const auto source =
      from.source() == LinuxToken::Source::kProcess ? LinuxToken::Source::kUser : from.source();
  return std::make_shared<LinuxToken>(source, from.level(), std::move(identity));
}

TokenRef Duplicate(const Token& token, Level level) {
  const LinuxToken& from = LinuxToken::From(token);
  if (level > from.level()) {
    throw Error("ERR_TOKEN_LEVEL", "A duplicate cannot have a higher impersonation level than its token");
  }
  return std::make_shared<LinuxToken>(LinuxToken::Source::kUser, level, from.identity());
}

bool Equal(const Token& a, const Token& b) {
  const Identity& left = LinuxToken::From(a).identity();
  const Identity& right = LinuxToken::From(b).identity();
  return a.level() == b.level() && left.uid == right.uid && left.gid == right.gid &&
         left.groups == right.groups && left.capabilities == right.capabilities;
}

}  // namespace impersonate::port
