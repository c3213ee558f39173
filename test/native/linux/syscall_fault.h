#pragma once

#include <cstdint>
#include <optional>

namespace probe {

// A system call that fails, or reports success without effect.
struct SyscallFault {
  int number;
  // The errno; 0 makes the call report success without having done anything.
  int error;
  // Selects calls with this first argument, or for setresuid and setresgid this effective id; none selects
  // every call of that number.
  std::optional<std::uint32_t> argument;
};

// The threads whose calls fail: the calling one, or all that exist.
enum class Threads { kCalling, kAll };

// Makes every call of that number on the calling thread, and on the threads and processes that it creates,
// wait for a signal. Returns the descriptor of the filter, at which nobody answers the calls, or a negative
// errno.
int HoldSyscall(int number);

// Installs the fault on the threads, and on the threads and processes that they create. It cannot be removed,
// so a test that uses it runs in a child process. Returns 0 or the errno.
int InstallFault(const SyscallFault& fault, Threads threads);

}  // namespace probe
