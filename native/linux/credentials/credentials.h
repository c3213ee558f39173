#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "linux/credentials/capabilities.h"

namespace impersonate::linux_port {

// NGROUPS_MAX of the kernel.
inline constexpr std::size_t kMostGroups = 65536;

// The credentials of a thread that the kernel checks: real, effective, saved and file system ids,
// supplementary groups, capabilities.
struct Credentials {
  uid_t real_uid = 0, effective_uid = 0, saved_uid = 0, fs_uid = 0;
  gid_t real_gid = 0, effective_gid = 0, saved_gid = 0, fs_gid = 0;
  std::vector<gid_t> groups;
  Capabilities capabilities;
  // Whether the kernel removes the effective capabilities when the effective uid changes from 0, and restores
  // the permitted ones when it is 0 again: unless the thread has SECBIT_NO_SETUID_FIXUP.
  bool capabilities_follow_uid = false;

  friend bool operator==(const Credentials& a, const Credentials& b);
  friend bool operator!=(const Credentials& a, const Credentials& b) { return !(a == b); }
};

// Reads the calling thread's credentials from the kernel into `credentials`, whose memory is reused. Throws
// Error.
void ReadCredentials(Credentials& credentials);

// Whether the calling thread has the part of these credentials that the kernel checks when it opens a file:
// the file system ids, the groups and, unless it is root, the capabilities. Costs half of reading everything.
// Every switch to another user changes one of these. A change of real or saved ids alone, or of root's
// effective capabilities alone, is not detected. False if HasSavedRoot: then the real and saved ids matter.
bool HasFileCredentials(const Credentials& credentials) noexcept;

// Reads the supplementary groups alone.
void ReadGroups(std::vector<gid_t>& groups);

// The parts of WriteCredentials, for undoing a part of a switch. Each returns null, or the name of the system
// call that failed, with errno.
const char* WriteGids(const Credentials& credentials) noexcept;
const char* WriteGroups(const Credentials& credentials) noexcept;

// How a thread's capabilities are restored when its uid is restored: by capset, or by the kernel if only the
// kernel has removed them.
enum class CapabilityRestore { kByCapset, kByKernel };

// Whether the process is a service that is not root and cannot become root: it has its rights by capabilities
// alone, which the kernel does not change when the ids change.
bool DependsOnCapabilities(const Credentials& credentials) noexcept;

// Whether the process has temporarily dropped root (seteuid) and can regain it, and the two calls that do so.
// They return null, or the name of the system call that failed, with errno.
bool HasSavedRoot(const Credentials& credentials) noexcept;
const char* RegainRoot() noexcept;
const char* DropRoot(const Credentials& credentials) noexcept;

// Restores these credentials on the calling thread after any switch that started from them. Returns null, or
// the name of the system call that failed, with errno; the thread may then have a part of them.
const char* WriteCredentials(const Credentials& credentials,
                             CapabilityRestore capabilities = CapabilityRestore::kByCapset) noexcept;

}  // namespace impersonate::linux_port
