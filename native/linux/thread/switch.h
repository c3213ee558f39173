#pragma once

#include "linux/credentials/credentials.h"
#include "linux/token/linux_token.h"

namespace impersonate::linux_port {

// Switches the calling thread from `base` to the token: the effective ids are the user's, the real uid is
// ReservedUid(), and the saved uid allows the thread to revert. Reads the effective ids back each time, and
// everything if the token is not verified yet. If it throws Error, the thread is at `base`; aborts the
// process if `base` cannot be restored. Returns the argument for SwitchBack.
CapabilityRestore SwitchTo(const Credentials& base, const LinuxToken& token);

// Whether SwitchBetween can follow a switch with this result: whether one call restores the right to switch,
// as for root or for a service that is not root.
bool CanSwitchBetween(const Credentials& base, CapabilityRestore capabilities) noexcept;

// The same as SwitchTo, but from another token and without restoring `base` in between. If it throws, the
// thread is at `base`; aborts the process if that cannot be restored.
CapabilityRestore SwitchBetween(const Credentials& base, const LinuxToken& token);

// Restores `base` on the calling thread, or aborts the process. Reads the effective ids back.
void SwitchBack(const Credentials& base,
                CapabilityRestore capabilities = CapabilityRestore::kByCapset) noexcept;

}  // namespace impersonate::linux_port
