#pragma once

#include <cstdint>
#include <shared_mutex>

namespace impersonate::linux_port {

// Held shared by every thread inside a scope, and alone by a change of the process's credentials: the C
// library aborts the process when the threads it changes answer differently. Never destroyed.
std::shared_mutex& ScopeGate();

// Held shared while a thread that begins is compared with the process and made like it, and alone by a change
// of the process's credentials, which waits for that moment: a thread is never made what the process was
// before. Taken before the ScopeGate(). Never destroyed.
std::shared_mutex& ThreadStartGate();

// How often the process's credentials have been changed so. Read inside the gate: what a thread knew itself
// to be under another number it has to find out again.
std::uint64_t CredentialChanges() noexcept;

}  // namespace impersonate::linux_port
