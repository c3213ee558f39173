#include "core/logon.h"

#include "core/error.h"

namespace impersonate::port {

TokenRef TokenForLogon(const Logon&) {
  throw Error("ERR_UNSUPPORTED_PLATFORM", "Impersonation is not supported on this platform");
}

}  // namespace impersonate::port
