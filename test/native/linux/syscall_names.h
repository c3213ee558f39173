#pragma once

#include <optional>
#include <string>

namespace probe {

// The number of a credential system call by its name; none for any other name.
std::optional<int> SyscallNumber(const std::string& name);

}  // namespace probe
