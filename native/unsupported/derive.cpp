#include "core/derive.h"

#include "core/error.h"

namespace impersonate::port {
namespace {

[[noreturn]] void Unsupported() {
  throw Error("ERR_UNSUPPORTED_PLATFORM", "Impersonation is not supported on this platform");
}

}  // namespace

TokenRef LinkedToken(const Token&) { Unsupported(); }
TokenRef WithPrivileges(const Token&, const std::vector<std::string>&) { Unsupported(); }
bool CheckAccess(const Token&, const AccessTarget&, std::uint32_t) { Unsupported(); }
std::string Fingerprint(const Token&) { Unsupported(); }

}  // namespace impersonate::port
