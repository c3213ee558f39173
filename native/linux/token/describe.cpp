#include <optional>
#include <string>

#include "core/port.h"
#include "linux/credentials/capabilities.h"
#include "linux/credentials/process_credentials.h"
#include "linux/token/ids.h"
#include "linux/token/linux_token.h"
#include "linux/token/passwd.h"

namespace impersonate::port {

using linux_port::Identity;
using linux_port::LinuxToken;

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
    // What the process holds but has not put in force is still its own; anybody else has only what is in
    // force.
    if (described.source() != LinuxToken::Source::kProcess) capabilities.permitted = capabilities.effective;
    description.privileges = linux_port::ListCapabilities(capabilities);
  }
  if (described.source() != LinuxToken::Source::kProcess) description.level = token.level();
  description.anonymous = described.source() == LinuxToken::Source::kAnonymous;
  return description;
}

std::optional<Account> LookupAccount(const Principal& principal) {
  const std::optional<std::string> name =
      principal.kind == PrincipalKind::kUser
          ? linux_port::FindUserName(linux_port::ParseUid(principal.id, "principal"))
          : linux_port::FindGroupName(linux_port::ParseGid(principal.id, "principal"));
  if (!name) return std::nullopt;
  return Account{*name, ""};
}

}  // namespace impersonate::port
