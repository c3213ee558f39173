#pragma once

#include <sys/types.h>

namespace impersonate::linux_port {

// The real uid of every thread that acts as a user. The kernel lets a user signal a thread whose real or
// saved uid is the user's own, so it must not belong to an account. It is IMPERSONATE_RESERVED_UID if that is
// set; otherwise one of 65533 down to 65520, which no distribution assigns; otherwise the highest uid that
// this user namespace maps and no account has. Chosen at the first call, which may block for the user
// database and must be made as the process. Throws ERR_NO_RESERVED_UID if there is none, and Error if the
// database cannot be read.
uid_t ReservedUid();

// Checks IMPERSONATE_RESERVED_UID. Throws ERR_NO_RESERVED_UID if it is set to anything but a mapped uid that
// is neither 0 nor 4294967295.
void CheckReservedUidSetting();

}  // namespace impersonate::linux_port
