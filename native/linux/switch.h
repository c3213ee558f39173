#pragma once

#include "linux/credentials.h"
#include "linux/token.h"

namespace impersonate::linux_port {

// Takes the calling thread from `base` to the token: real and effective ids are the user's, so that
// access(2), signals and programs started see the user, and the saved uid is the way back. Reads the ids and
// effective capabilities back each time, and everything where the token is not verified yet. Throws Error,
// with the thread at `base`; aborts if it cannot be brought back there.
void SwitchTo(const Credentials& base, const LinuxToken& token);

// Brings the calling thread back from a token, or aborts the process.
void SwitchBack(const Credentials& base) noexcept;

}  // namespace impersonate::linux_port
