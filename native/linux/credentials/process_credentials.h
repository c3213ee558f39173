#pragma once

#include <cstdint>
#include <shared_mutex>

#include "linux/credentials/credentials.h"

namespace impersonate::linux_port {

// Starts a thread that never impersonates and only reads its own credentials. The C library changes every
// thread when the process changes its credentials, and a switch of one thread does not change the others: the
// credentials of this thread are the process's. Called once. Throws Error.
void StartCredentialsMonitor();

// The credentials of the process, whatever the calling thread impersonates. Throws Error.
Credentials ProcessCredentials();

// Held shared by every thread inside a scope, and exclusively by a change of the process's credentials: the C
// library aborts the process when that change has different results on different threads. Never destroyed.
std::shared_mutex& ScopeGate();

// Held shared while a new thread is compared with the process and gets its credentials, and exclusively by a
// change of the process's credentials: a thread never gets credentials that the process had before. Locked
// before the ScopeGate(). Never destroyed.
std::shared_mutex& ThreadStartGate();

// How often the process's credentials have been changed. To be read with a gate held. Credentials of a thread
// that were read when the number was another one must be read again.
std::uint64_t CredentialChanges() noexcept;

// Counts a change. To be called with both gates held exclusively.
void CountCredentialChange() noexcept;

}  // namespace impersonate::linux_port
