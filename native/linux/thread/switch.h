#pragma once

#include "linux/credentials/credentials.h"
#include "linux/token/linux_token.h"

namespace impersonate::linux_port {

// Takes the calling thread from `base` to the token: the effective ids are the user's, the real uid is
// ReservedUid(), and the saved uid is the way back. Reads the effective ids back each time, and everything
// where the token is not verified yet. Throws Error, with the thread at `base`; aborts if it cannot be
// brought back there. Returns what SwitchBack is to be told.
CapabilityRestore SwitchTo(const Credentials& base, const LinuxToken& token);

// Whether SwitchBetween can leave a token that was put on with this result: what gives root's thread, or that
// of a service which is not root, the right to switch is one call.
bool CanSwitchBetween(const Credentials& base, CapabilityRestore capabilities) noexcept;

// The same as SwitchTo, but from another token and without coming to `base` in between. When it throws the
// thread is at `base`; aborts where it cannot be brought back there.
CapabilityRestore SwitchBetween(const Credentials& base, const LinuxToken& token);

// Brings the calling thread back from a token, or aborts the process. Reads the effective ids back.
void SwitchBack(const Credentials& base,
                CapabilityRestore capabilities = CapabilityRestore::kByCapset) noexcept;

}  // namespace impersonate::linux_port
