#pragma once

#include "linux/credentials.h"
#include "linux/token.h"

namespace impersonate::linux_port {

// Whose the real uid is while a thread acts as a user.
enum class RealUid {
  // The user's: access(2), signals and programs started see the user. The user may signal the thread, too.
  kUsers,
  // Nobody's: for a thread that only works with files, and that no user is to signal.
  kReserved,
};

// Takes the calling thread from `base` to the token: the effective ids are the user's, and the saved uid is
// the way back. Reads the effective ids back each time, and everything where the token is not verified yet.
// Throws Error, with the thread at `base`; aborts if it cannot be brought back there. Returns what SwitchBack
// is to be told.
CapabilitiesBy SwitchTo(const Credentials& base, const LinuxToken& token, RealUid real = RealUid::kUsers);

// Whether SwitchOver can leave a token that was put on with this result: what gives root's thread, or that of
// a service which is not root, the right to switch is one call.
bool CanSwitchOver(const Credentials& base, CapabilitiesBy capabilities) noexcept;

// The same as SwitchTo, but from another token and without coming to `base` in between. When it throws the
// thread is at `base`; aborts where it cannot be brought back there.
CapabilitiesBy SwitchOver(const Credentials& base, const LinuxToken& token);

// Whether this user namespace has the uid of RealUid::kReserved.
bool IsReservedUidMapped();

// Brings the calling thread back from a token, or aborts the process. Reads the effective ids back.
void SwitchBack(const Credentials& base, CapabilitiesBy capabilities = CapabilitiesBy::kUs) noexcept;

}  // namespace impersonate::linux_port
