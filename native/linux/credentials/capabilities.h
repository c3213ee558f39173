#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/description.h"

namespace impersonate::linux_port {

// The capability sets of a thread, one bit for each capability.
struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;
  // The capabilities of a program that the thread executes. A subset of the inheritable and the permitted
  // ones: the kernel removes a capability here when it is removed from either.
  std::uint64_t ambient = 0;

  friend bool operator==(const Capabilities& a, const Capabilities& b) {
    return a.effective == b.effective && a.permitted == b.permitted && a.inheritable == b.inheritable &&
           a.ambient == b.ambient;
  }
  friend bool operator!=(const Capabilities& a, const Capabilities& b) { return !(a == b); }
};

// The calling thread's sets: capget, and prctl for each capability that can be ambient. Throws Error.
Capabilities ReadCapabilities();

// Whether these are the calling thread's sets; false also if they cannot be read.
bool HasCapabilities(const Capabilities& capabilities) noexcept;

// Sets the calling thread's sets: capset, and prctl for each ambient capability, which capset can only lower.
// Returns null, or the name of the call that failed, with errno.
const char* WriteCapabilities(const Capabilities& capabilities) noexcept;

// Removes all capabilities but `keep` from all five sets of the calling thread, also the bounding set.
// Returns null, or the name of the call that failed, with errno. Makes system calls only, as a signal handler
// may.
const char* LimitCapabilitySets(std::uint64_t keep) noexcept;

// Whether a program that the calling thread executes may have the capability: the bounding set.
bool IsInBoundingSet(std::uint64_t capability) noexcept;

// The bits of the capabilities to set groups and gids, and uids.
constexpr std::uint64_t kCapSetGid = std::uint64_t{1} << 6, kCapSetUid = std::uint64_t{1} << 7;

// One entry for each permitted capability, enabled if it is effective too.
std::vector<Privilege> ListCapabilities(const Capabilities& capabilities);

// The names of a set, separated by commas.
std::string CapabilityNames(std::uint64_t set);

// The bit of CAP_name; throws ERR_INVALID_ARG_VALUE, naming the argument, for a name that is no capability.
std::uint64_t CapabilityBit(const std::string& name, const char* argument);

}  // namespace impersonate::linux_port
