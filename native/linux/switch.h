#pragma once

#include "linux/credentials.h"
#include "linux/token.h"

namespace impersonate::linux_port {

// Throws EPERM-like errors for a switch that the thread could not come back from.
void RequireWayBack(const Credentials& base, const Identity& identity);

// Takes the calling thread from `base` to the token: real and effective ids are the user's, so that
// access(2), signals and programs started see the user, and the saved uid is the way back. Reads the ids and
// effective capabilities back each time, and everything where the token is not verified yet. Throws Error;
// the thread may then be anything in between.
void SwitchTo(const Credentials& base, const LinuxToken& token);

}  // namespace impersonate::linux_port
