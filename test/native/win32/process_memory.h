#pragma once

#include <windows.h>

#include <cstddef>
#include <vector>

namespace seam {

// How often any of these, each of two bytes or more, is in the memory that another process can write, which
// is read once.
size_t CountInProcess(DWORD process, const std::vector<std::vector<BYTE>>& parts);

}  // namespace seam
