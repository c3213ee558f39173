#pragma once

#include <string>

#include "core/error.h"

namespace impersonate::linux_port {

// The Error for a failed call: symbolic code, errno and the call's name.
Error ErrnoError(int number, const std::string& syscall);

}  // namespace impersonate::linux_port
