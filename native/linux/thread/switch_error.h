#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "linux/credentials/credentials.h"

namespace impersonate::linux_port {

// The error of a call that takes a thread from `base` to a user, with what can be done about it: EPERM names
// the capability that the call needs, EINVAL says `invalid`.
Error SwitchError(int number, const char* syscall, const Credentials& base, std::uint64_t capability,
                  const std::string& invalid);

}  // namespace impersonate::linux_port
