#pragma once

#include <windows.h>

#include <cstddef>
#include <vector>

namespace seam {

// The number of occurrences of these parts, of two bytes or more each, in the writable memory of another
// process, which is read once.
size_t CountInProcess(DWORD process, const std::vector<std::vector<BYTE>>& parts);

}  // namespace seam
