#include "core/error.h"
#include "core/port.h"
#include "linux/scope_gate.h"

namespace impersonate {

std::shared_mutex& linux_port::ScopeGate() {
  static std::shared_mutex* const gate = new std::shared_mutex;
  return *gate;
}

namespace port {

CredentialChange::CredentialChange() {
  if (!linux_port::ScopeGate().try_lock()) {
    throw Error("ERR_SCOPE_ACTIVE",
                "The process's credentials cannot change while a thread is inside an impersonation scope");
  }
}

CredentialChange::~CredentialChange() { linux_port::ScopeGate().unlock(); }

}  // namespace port
}  // namespace impersonate
