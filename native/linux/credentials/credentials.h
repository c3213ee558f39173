#pragma once

#include <sys/types.h>

#include <vector>

#include "linux/credentials/capabilities.h"

namespace impersonate::linux_port {

// Everything by which the kernel judges a thread: real, effective, saved and file system ids,
// supplementary groups, capabilities.
struct Credentials {
  uid_t real_uid = 0, effective_uid = 0, saved_uid = 0, fs_uid = 0;
  gid_t real_gid = 0, effective_gid = 0, saved_gid = 0, fs_gid = 0;
  std::vector<gid_t> groups;
  Capabilities capabilities;
  // Whether the kernel takes the effective capabilities away when the effective uid stops being 0, and gives
  // the permitted ones back when it is 0 again: unless the thread has SECBIT_NO_SETUID_FIXUP.
  bool capabilities_follow_uid = false;

  friend bool operator==(const Credentials& a, const Credentials& b);
  friend bool operator!=(const Credentials& a, const Credentials& b) { return !(a == b); }
};

// Reads the calling thread's credentials from the kernel into `credentials`, whose memory is used again.
// Throws Error.
void ReadCredentials(Credentials& credentials);

// Whether the calling thread still has what the kernel judges it by when it opens a file: the ids for that,
// the groups and, unless it is root, its capabilities; for half the price of reading everything. Whoever
// makes a thread somebody else changes one of these; a change of real or
// saved ids alone, or of root's effective capabilities alone, is not seen. False where root is in reserve:
// there they are what decides.
bool HasFileCredentials(const Credentials& credentials) noexcept;

// Reads the supplementary groups alone.
void ReadGroups(std::vector<gid_t>& groups);

// The parts of WriteCredentials, for undoing a part of a switch. Each returns null, or the name of the system
// call that failed, with errno.
const char* WriteGids(const Credentials& credentials) noexcept;
const char* WriteGroups(const Credentials& credentials) noexcept;

// Who brings a thread's capabilities back when it gets its uid back: we, or the kernel alone, as it has taken
// them off alone.
enum class CapabilityRestore { kByCapset, kByKernel };

// Whether the process is a service that is not root and cannot become root: its rights are its capabilities,
// and the kernel leaves those as they are when the ids change.
bool DependsOnCapabilities(const Credentials& credentials) noexcept;

// Whether the process has put root aside for a while (seteuid) and can take it up again.
bool HasSavedRoot(const Credentials& credentials) noexcept;
const char* RegainRoot() noexcept;
const char* DropRoot(const Credentials& credentials) noexcept;

// Gives the calling thread these credentials, from any that were made from them by a switch. Returns null,
// or the name of the system call that failed, with errno; the thread may then be anything in between.
const char* WriteCredentials(const Credentials& credentials,
                             CapabilityRestore capabilities = CapabilityRestore::kByCapset) noexcept;

}  // namespace impersonate::linux_port
