#pragma once

#include <windows.h>

#include <cstdint>
#include <string>
#include <vector>

namespace seam {

constexpr std::uint32_t kAlways = UINT32_MAX;

// Which calls of an import go wrong.
struct FaultSpan {
  // This many go right first,
  std::uint32_t skip = 0;
  // then this many go wrong; kAlways for all that follow, 0 to count only.
  std::uint32_t times = 1;
};

// The import's calls return `returns` with `error` as the last error, without reaching the system. `late`
// allows a function the module does not import, but will ask GetProcAddress for from now on; otherwise that
// throws.
std::vector<std::string> FailImport(HMODULE module, const std::string& function, DWORD error,
                                    std::uint64_t returns, FaultSpan span, bool late);

// The module's SetThreadToken answers TRUE, but puts a copy of Identification level on the thread: what
// Windows does where the process may not impersonate that user. Taking the token off stays honest.
std::vector<std::string> LieAboutThreadToken(HMODULE module, FaultSpan span);

// The module's SetThreadToken answers TRUE, but puts `token` on the thread, which stays the caller's. Taking
// the token off stays honest.
std::vector<std::string> SwapThreadToken(HMODULE module, HANDLE token, FaultSpan span);

// Calls so far of an import with a fault, whether they went wrong or not. Throws if it has none.
std::uint32_t CountCalls(HMODULE module, const std::string& function);

void ClearFaults();

}  // namespace seam
