#pragma once

#include <windows.h>

#include <cstddef>
#include <vector>

namespace seam {

// Open handles of this process, from the system's table of all handles: Wine's GetProcessHandleCount always
// returns 0.
std::vector<HANDLE> OwnHandles();
std::size_t CountHandles();

}  // namespace seam
