#include "core/port/token.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "linux/credentials/capabilities.h"
#include "linux/credentials/credentials.h"
#include "linux/credentials/process_credentials.h"
#include "linux/credentials/system_calls.h"
#include "linux/token/linux_token.h"
#include "linux/token/passwd.h"

namespace impersonate::port {
namespace {

using linux_port::Credentials;
using linux_port::Identity;
using linux_port::IdentityOf;
using linux_port::LinuxToken;

// The kernel's overflow ids, which own no account's files.
constexpr uid_t kNobody = 65534;
constexpr gid_t kNoGroup = 65534;

// A decimal uid or gid; throws ERR_INVALID_ARG_VALUE naming `argument` for anything else, 4294967295
// included.
std::uint32_t ParseId(const std::string& text, const char* argument) {
  std::uint32_t id = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || stop != end || id == linux_port::raw::kSameUid) {
    throw Error("ERR_INVALID_ARG_VALUE",
                std::string(argument) + ": '" + text + "' is not a user or group id");
  }
  return id;
}

void RequireNoWindowsOptions(const Restrictions& restrictions) {
  constexpr const char* kCode = "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM";
  if (!restrictions.deny_only.empty()) {
    throw Error(kCode, "denyOnly: Linux has no deny-only groups; dropGroups removes a group");
  }
  if (!restrictions.restricting.empty() || !restrictions.flags.empty()) {
    throw Error(kCode,
                "restrictingSids and flags exist on Windows only: on Linux use dropGroups and "
                "removePrivileges");
  }
  if (!restrictions.integrity.empty()) {
    throw Error(kCode, "integrity: Linux has no integrity levels; act as a user who owns nothing instead");
  }
}

Error Unavailable(const char* message) { return Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", message); }

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
                                      Identity{kNobody, kNoGroup, {}, 0, false});
}

// Root's token keeps the capabilities of the process; any other user's token keeps none.
TokenRef TokenForIds(std::uint32_t uid, std::uint32_t gid, const std::vector<std::uint32_t>& groups) {
  const std::uint64_t capabilities = uid == 0 ? ~std::uint64_t{0} : 0;
  return std::make_shared<LinuxToken>(
      LinuxToken::Source::kUser, Level::kImpersonation,
      Identity{uid, gid, {groups.begin(), groups.end()}, capabilities, false});
}

TokenRef TokenFromHandle(std::uint64_t, bool) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "Token handles exist on Windows only");
}

TokenRef Restrict(const Token& token, const Restrictions& restrictions) {
  RequireNoWindowsOptions(restrictions);
  const LinuxToken& from = LinuxToken::From(token);
  Identity identity = from.identity();
  identity.restricted = identity.restricted || restrictions.drop_all_groups ||
                        !restrictions.drop_groups.empty() || !restrictions.remove_privileges.empty();
  for (const std::string& name : restrictions.remove_privileges) {
    identity.capabilities &= ~linux_port::CapabilityBit(name, "removePrivileges");
  }
  if (restrictions.drop_all_groups) identity.groups.clear();
  for (const std::string& text : restrictions.drop_groups) {
    const gid_t gid = ParseId(text, "dropGroups");
    identity.groups.erase(std::remove(identity.groups.begin(), identity.groups.end(), gid),
                          identity.groups.end());
  }
  const auto source =
      from.source() == LinuxToken::Source::kProcess ? LinuxToken::Source::kUser : from.source();
  return std::make_shared<LinuxToken>(source, from.level(), std::move(identity), from.credential());
}

TokenRef Duplicate(const Token& token, Level level) {
  const LinuxToken& from = LinuxToken::From(token);
  if (level > from.level()) {
    throw Error("ERR_TOKEN_LEVEL", "A duplicate cannot have a higher impersonation level than its token");
  }
  return std::make_shared<LinuxToken>(LinuxToken::Source::kUser, level, from.identity(), from.credential());
}

TokenRef LinkedToken(const Token&) {
  throw Unavailable("Linked tokens exist on Windows only: on Linux a user has one identity");
}

TokenRef WithPrivileges(const Token&, const std::vector<std::string>&) {
  throw Unavailable(
      "Privileges are enabled on Windows only: a Linux token has the capabilities that it has in force");
}

Description Describe(const Token& token) {
  const LinuxToken& described = LinuxToken::From(token);
  const Identity& identity = described.identity();
  Description description;
  description.user = {PrincipalKind::kUser, std::to_string(identity.uid)};
  description.groups.push_back({PrincipalKind::kGroup, std::to_string(identity.gid)});
  for (const gid_t gid : identity.groups) {
    if (gid != identity.gid) description.groups.push_back({PrincipalKind::kGroup, std::to_string(gid)});
  }
  if (identity.capabilities != 0) {
    linux_port::Capabilities capabilities = linux_port::ProcessCredentials().capabilities;
    capabilities.effective = identity.capabilities & capabilities.permitted;
    // Only the process can have permitted capabilities that are not effective.
    if (described.source() != LinuxToken::Source::kProcess) capabilities.permitted = capabilities.effective;
    description.privileges = linux_port::ListCapabilities(capabilities);
  }
  if (described.source() != LinuxToken::Source::kProcess) description.level = token.level();
  description.anonymous = described.source() == LinuxToken::Source::kAnonymous;
  return description;
}

bool Equal(const Token& a, const Token& b) {
  const Identity& left = LinuxToken::From(a).identity();
  const Identity& right = LinuxToken::From(b).identity();
  return a.level() == b.level() && left.uid == right.uid && left.gid == right.gid &&
         left.groups == right.groups && left.capabilities == right.capabilities &&
         left.restricted == right.restricted;
}

std::string Fingerprint(const Token& token) {
  const LinuxToken& own = LinuxToken::From(token);
  const linux_port::Identity& identity = own.identity();
  std::string text = std::to_string(identity.uid) + ":" + std::to_string(identity.gid) + ":";
  for (const gid_t gid : identity.groups) text += std::to_string(gid) + ",";
  text += ":" + std::to_string(identity.capabilities) + (identity.restricted ? "r" : "");
  text += ":" + std::to_string(static_cast<int>(token.level()));
  // Connections that were authenticated by one credential are not for another.
  if (!own.credential()) return text;
  return text + (own.credential()->is_constrained() ? ":c:" : ":f:") + own.credential()->principal();
}

bool CheckAccess(const Token&, const AccessTarget&, std::uint32_t) {
  throw Unavailable("Security descriptors exist on Windows only: pass a path");
}

std::optional<Account> LookupAccount(const Principal& principal) {
  const std::optional<std::string> name = principal.kind == PrincipalKind::kUser
                                              ? linux_port::FindUserName(ParseId(principal.id, "principal"))
                                              : linux_port::FindGroupName(ParseId(principal.id, "principal"));
  if (!name) return std::nullopt;
  return Account{*name, ""};
}

}  // namespace impersonate::port
