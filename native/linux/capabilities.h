#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/description.h"

namespace impersonate::linux_port {

// The capability sets of a thread, one bit a capability.
struct Capabilities {
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  std::uint64_t inheritable = 0;

  friend bool operator==(const Capabilities& a, const Capabilities& b) {
    return a.effective == b.effective && a.permitted == b.permitted && a.inheritable == b.inheritable;
  }
};

// The calling thread's sets, by capget. Throws Error.
Capabilities ReadCapabilities();

// Whether these are the calling thread's sets; false also where capget fails.
bool HasCapabilities(const Capabilities& capabilities) noexcept;

// Sets the calling thread's sets by capset; 0, or -1 with errno.
long WriteCapabilities(const Capabilities& capabilities) noexcept;

// Drops the calling thread's ambient capabilities, which would otherwise pass to a program that a user
// starts. Throws Error.
void ClearAmbientCapabilities();

// One entry for each permitted capability, enabled if it is effective too.
std::vector<Privilege> ListCapabilities(const Capabilities& capabilities);

// The bit of CAP_name; throws ERR_INVALID_ARG_VALUE for a name that is no capability.
std::uint64_t CapabilityBit(const std::string& name);

}  // namespace impersonate::linux_port
