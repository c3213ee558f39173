#pragma once

#include <cstdint>

namespace impersonate::linux_port {

// Removes all capabilities but `keep` from all sets of every thread of the process, for good: from the
// permitted, effective, inheritable, ambient and bounding sets. Reads every thread's sets back from /proc.
// Throws Error if nothing has been changed; aborts the process if a thread may still have another capability.
// The calling thread has the process's credentials, and the ScopeGate() is locked exclusively.
void DropCapabilities(std::uint64_t keep);

}  // namespace impersonate::linux_port
