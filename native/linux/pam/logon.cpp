#include "core/logon.h"

#include <string>

#include "core/port.h"
#include "linux/pam/pam_session.h"

namespace impersonate::port {
namespace {

// The name of who has proved himself; nothing of PAM's is held when this returns.
std::string AuthenticatedUser(const Logon& logon) {
  linux_port::PamSession session(logon.service, logon.user, logon.password);
  session.Authenticate();
  return session.User();
}

}  // namespace

TokenRef TokenForLogon(const Logon& logon) {
  return TokenForUser(AuthenticatedUser(logon), UserSource::kAuto, false);
}

}  // namespace impersonate::port
