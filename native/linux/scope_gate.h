#pragma once

#include <shared_mutex>

namespace impersonate::linux_port {

// Held shared by every thread inside a scope, and alone by a change of the process's credentials: the C
// library aborts the process when the threads it changes answer differently. Never destroyed.
std::shared_mutex& ScopeGate();

}  // namespace impersonate::linux_port
