#pragma once

#include <cstdint>
#include <optional>

namespace probe {

// What a system call of the calling thread does instead of its work.
struct SyscallFault {
  int number;
  // 0 makes the call report success without having done anything.
  int error;
  // Only calls with this first argument, or of setresuid and setresgid this effective id; every call of that
  // number when absent.
  std::optional<std::uint32_t> argument;
};

// Whose calls a fault is in: the calling thread's, or those of every thread that there is.
enum class Threads { kCalling, kAll };

// Installs the fault on the threads, and on the threads and processes they create, for good: the kernel knows
// no removal, so a test that asks for this runs in a process of its own. Returns 0 or the errno.
int InstallFault(const SyscallFault& fault, Threads threads);

}  // namespace probe
