#pragma once

#include <windows.h>

#include <cstddef>
#include <vector>

namespace seam {

// How often these bytes are in the memory that another process can write.
size_t CountInProcess(DWORD process, const std::vector<BYTE>& bytes);

}  // namespace seam
