#pragma once

#include <optional>
#include <string>

namespace probe {

// The number of a credential system call by its name; none for a name that is not one.
std::optional<int> SyscallNumber(const std::string& name);

}  // namespace probe
