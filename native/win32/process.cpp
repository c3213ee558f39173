#include "core/port.h"

#include "win32/process_identity.h"

namespace impersonate::port {
const char* Name() noexcept { return "win32"; }

bool IsSecureExecution() noexcept { return false; }

void Init(unsigned) { win32::ProcessIdentity::Get(); }

// A new thread inherits no token.
void InitThread() {}

// A Windows process keeps its token for life.
CredentialChange::CredentialChange() = default;
CredentialChange::~CredentialChange() = default;

}  // namespace impersonate::port
