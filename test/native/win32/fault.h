#pragma once

#include <windows.h>

#include <cstdint>
#include <string>
#include <vector>

namespace seam {

constexpr std::uint32_t kAlways = UINT32_MAX;

// Selects the calls of an import that fail.
struct FaultSpan {
  // The number of calls that succeed first.
  std::uint32_t skip = 0;
  // The number of calls that fail after that; kAlways for all, 0 to count calls only.
  std::uint32_t times = 1;
};

// Makes the import's calls return `returns` with `error` as the last error, without a call to the system.
// Throws if the module does not import the function, unless `late` is set: then it applies to what the module
// gets from GetProcAddress later.
std::vector<std::string> FailImport(HMODULE module, const std::string& function, DWORD error,
                                    std::uint64_t returns, FaultSpan span, bool late);

// Makes the module's SetThreadToken return TRUE but put a copy of level Identification on the thread, as
// Windows does if the process may not impersonate that user. Removing the token works as usual.
std::vector<std::string> DowngradeThreadToken(HMODULE module, FaultSpan span);

// Makes the module's SetThreadToken return TRUE but put `token` on the thread, which the caller keeps open.
// Removing the token works as usual.
std::vector<std::string> SwapThreadToken(HMODULE module, HANDLE token, FaultSpan span);

// The number of calls of an import with a fault, failed or not. Throws if the import has no fault.
std::uint32_t CountCalls(HMODULE module, const std::string& function);

void ClearFaults();

}  // namespace seam
