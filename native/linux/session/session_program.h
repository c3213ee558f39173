#pragma once

#include <memory>

#include "core/port/program.h"
#include "core/token.h"

namespace impersonate::linux_port {

// Starts the program as the token's user in a PAM session, which a monitor holds: a process of its own, with
// the identity of the service, so that no module of PAM runs in this one, and the session is closed also if
// this process has crashed. Returns when the program has been executed. Throws Error.
std::unique_ptr<port::Program> StartInSession(const TokenRef& token, const port::ProgramOptions& options);

}  // namespace impersonate::linux_port
