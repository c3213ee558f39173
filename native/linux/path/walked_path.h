#pragma once

#include <string>

namespace impersonate::linux_port {

// open(2), begun again when a signal interrupts it: a descriptor, or a negative errno.
int OpenAt(int directory, const std::string& path, int flags, int mode) noexcept;

// Opens an absolute path as openat2(2) does with RESOLVE_NO_MAGICLINKS, for kernels that do not have it: one
// component after the other, each by the kernel's own check of the calling thread. Symbolic links are
// followed here, by what they say; magic links are ELOOP. Returns a descriptor, or a negative errno.
int OpenByWalk(const std::string& path, int flags, int mode);

}  // namespace impersonate::linux_port
