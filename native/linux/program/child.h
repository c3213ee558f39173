#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/port/program.h"

namespace impersonate::linux_port {

// What the process of a program does before it executes the program, in this order.
enum class ChildStep : int {
  kNone,
  kSignals,
  kSession,
  kPriority,
  kDescriptors,
  kLimits,
  kGroups,
  kGid,
  kUid,
  kDumpable,
  kCapabilities,
  kPrivileges,
  kKeyring,
  kVerify,
  kRegain,
  kDirectory,
  kExecute,
};

// The name of the step's system call.
const char* CallOf(ChildStep step) noexcept;

// Whose a new process is.
enum class ChildKind {
  kProgram,
  // A program in a session whose keyring it keeps.
  kProgramWithKeyring,
  // A program of the service itself, with its identity.
  kService,
};

// All that the process of a program needs. It is prepared before the process exists, which shares this memory
// until it executes the program and must not allocate any.
struct ChildPlan {
  ChildKind kind = ChildKind::kProgram;
  // One for each of the program's descriptors: one of this process, or -1 for none.
  std::vector<int> descriptors;
  // For each, whether it is made blocking, as programs expect: an inherited one of 0 to 2.
  std::vector<bool> blocking;
  // Closed when the program is executed or the process has ended.
  int report = -1;

  std::vector<port::ResourceLimit> limits;

  uid_t uid = 0, reserved_uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  // The ids of root and of this process that the program must not be able to take; none for a program of
  // root.
  std::vector<uid_t> other_uids;
  std::vector<gid_t> other_gids;
  // Whether the right to switch needs the saved root of a process that has dropped it.
  bool regain_root = false;
  // Of a root user; none otherwise.
  std::uint64_t capabilities = 0;
  bool no_new_privileges = false;

  // The paths to try, the program's arguments and environment, and the working directory.
  std::vector<std::string> candidates;
  std::vector<std::string> texts;
  std::vector<const char*> arguments, environment;
  std::string directory;

  // Written by the process: its own memory.
  std::vector<int> moved;
  std::vector<gid_t> read_groups;

  // Written by the process before it ends without having executed the program.
  std::atomic<ChildStep> failed_step{ChildStep::kNone};
  std::atomic<int> failed_error{0};
};

// The body of the process, which has all signals blocked: executes the program or ends.
int RunChild(void* plan) noexcept;

}  // namespace impersonate::linux_port
