#pragma once

#include <string>

#include "core/error.h"
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

// Throws ERR_INVALID_IDENTITY for the identity of the reserved uid, and EPERM for root's if the process is
// not root.
void RequireSwitchable(const Credentials& base, const Identity& identity);

// The error of setgroups, setresgid or setresuid for a switch from `base` to the identity, with the remedy.
Error SwitchError(int number, const std::string& syscall, const Credentials& base, const Identity& identity);

// The error of a switch that succeeded but reads back another identity.
Error DowngradedError(const char* what);

}  // namespace impersonate::linux_port
