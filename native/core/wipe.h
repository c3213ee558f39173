#pragma once

#include <cstddef>

namespace impersonate {

// Overwrites memory that held a secret; no compiler may leave it out because nobody reads it afterwards.
void Wipe(void* memory, std::size_t size) noexcept;

}  // namespace impersonate
