#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace probe {

// Raw system calls, which change the calling thread alone, as another addon in the process might make them.
// Each returns 0 or the errno; an id of -1 is not changed.
int SetUserIds(uid_t real, uid_t effective, uid_t saved);
int SetGroupIds(gid_t real, gid_t effective, gid_t saved);
int SetFileIds(uid_t uid, gid_t gid);
// Sets the permitted and the effective capabilities, 0 to 31 only.
int SetCapabilities(std::uint32_t capabilities);
// Sets the effective capabilities, 0 to 31 only.
int SetEffective(std::uint32_t capabilities);
// SECBIT_... of linux/securebits.h.
int SetSecurebits(unsigned long bits);
int SetGroups(const std::vector<gid_t>& groups);

}  // namespace probe
