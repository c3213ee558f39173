#include "core/port/negotiate.h"

#include "core/error.h"

namespace impersonate::port {
namespace {

[[noreturn]] void Unavailable() {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
              "SSPI is not available on Linux: NegotiateServer uses GSSAPI there");
}

}  // namespace

std::shared_ptr<ServerCredentials> AcquireServerCredentials(const std::string&, const std::string&, bool) {
  Unavailable();
}

std::shared_ptr<ServerContext> NewServerContext(std::shared_ptr<ServerCredentials>) { Unavailable(); }

}  // namespace impersonate::port
