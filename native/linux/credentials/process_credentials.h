#pragma once

#include <cstdint>
#include <shared_mutex>

#include "linux/credentials/credentials.h"

namespace impersonate::linux_port {

// Starts a thread that never impersonates and only reads its own credentials, which are those of the process:
// the C library changes every thread when the process changes its credentials, and a switch of one thread
// does not change the others. Called once. Throws Error.
void StartCredentialsMonitor();

// The credentials of the process, whatever the calling thread impersonates. Throws Error.
Credentials ProcessCredentials();

// Locked shared by every thread inside a scope, and exclusively by a change of the process's credentials: the
// C library aborts the process if that change has different results on different threads. Never destroyed.
std::shared_mutex& ScopeGate();

// Locked shared while a new thread is compared with the process and gets its credentials, and exclusively by
// a change of the process's credentials: a thread never gets outdated credentials of the process. Locked
// before the ScopeGate(). Never destroyed.
std::shared_mutex& ThreadStartGate();

// The number of changes of the process's credentials. Read it with a gate locked. Credentials of a thread
// that were read at another number must be read again.
std::uint64_t CredentialChanges() noexcept;

// Counts a change. Called with both gates locked exclusively.
void CountCredentialChange() noexcept;

}  // namespace impersonate::linux_port
