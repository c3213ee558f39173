#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace probe {

// Raw system calls, which change the calling thread alone: what another addon that knows nothing of this
// product would do to its thread. Each returns 0 or the errno; an id of -1 stays as it is.
int SetUserIds(uid_t real, uid_t effective, uid_t saved);
int SetGroupIds(gid_t real, gid_t effective, gid_t saved);
int SetFileIds(uid_t uid, gid_t gid);
// Permitted and effective; the low 32 of them.
int SetCapabilities(std::uint32_t capabilities);
// Of the permitted ones, the low 32 of them.
int SetEffective(std::uint32_t capabilities);
// SECBIT_... of linux/securebits.h.
int SetSecurebits(unsigned long bits);
int SetGroups(const std::vector<gid_t>& groups);

}  // namespace probe
