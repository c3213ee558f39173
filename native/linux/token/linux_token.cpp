#include "linux/token/linux_token.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "linux/credentials/system_calls.h"

namespace impersonate::linux_port {
namespace {

Identity Checked(Identity identity) {
  const bool unchanged_group =
      std::find(identity.groups.begin(), identity.groups.end(), raw::kSameGid) != identity.groups.end();
  if (identity.uid == raw::kSameUid || identity.gid == raw::kSameGid || unchanged_group) {
    throw Error("ERR_INVALID_IDENTITY",
                "The account has an id of 4294967295, which would leave the thread's identity unchanged");
  }
  std::sort(identity.groups.begin(), identity.groups.end());
  identity.groups.erase(std::unique(identity.groups.begin(), identity.groups.end()), identity.groups.end());
  return identity;
}

}  // namespace

LinuxToken::LinuxToken(Source source, Level level, Identity identity, GssCredentialRef credential)
    : Token(level, std::to_string(identity.uid)),
      source_(source),
      identity_(Checked(std::move(identity))),
      credential_(std::move(credential)) {}

Identity IdentityOf(const Credentials& credentials) {
  return {credentials.effective_uid, credentials.effective_gid, credentials.groups,
          credentials.capabilities.effective, false};
}

}  // namespace impersonate::linux_port
