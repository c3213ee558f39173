#include <string>

#include "core/derive.h"
#include "core/error.h"
#include "linux/token/linux_token.h"

namespace impersonate::port {
namespace {

Error Unavailable(const char* message) { return Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", message); }

}  // namespace

TokenRef LinkedToken(const Token&) {
  throw Unavailable("Linked tokens exist on Windows only: on Linux a user has one identity");
}

TokenRef WithPrivileges(const Token&, const std::vector<std::string>&) {
  throw Unavailable(
      "Privileges are enabled on Windows only: a Linux token has the capabilities that it has in force");
}

bool CheckAccess(const Token&, const AccessTarget&, std::uint32_t) {
  throw Unavailable("Security descriptors exist on Windows only: ask for a path");
}

std::string Fingerprint(const Token& token) {
  const linux_port::Identity& identity = linux_port::LinuxToken::From(token).identity();
  std::string text = std::to_string(identity.uid) + ":" + std::to_string(identity.gid) + ":";
  for (const gid_t gid : identity.groups) text += std::to_string(gid) + ",";
  text += ":" + std::to_string(identity.capabilities);
  return text + ":" + std::to_string(static_cast<int>(token.level()));
}

}  // namespace impersonate::port
