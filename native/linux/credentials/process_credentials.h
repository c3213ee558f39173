#pragma once

#include "linux/credentials/credentials.h"

namespace impersonate::linux_port {

// Starts a thread that never impersonates and only answers what its credentials are. The C library changes
// every thread when the process changes its credentials, and a switch of one thread leaves this one alone:
// what it is, the process is. Called once. Throws Error.
void StartProcessWitness();

// The credentials of the process, whatever the calling thread impersonates. Throws Error.
Credentials ProcessCredentials();

}  // namespace impersonate::linux_port
