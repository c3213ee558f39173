#pragma once

#include <cstddef>

namespace seam {

// Open handles of this process, from the system's table of all: Wine's GetProcessHandleCount always answers
// 0.
std::size_t CountHandles();

}  // namespace seam
