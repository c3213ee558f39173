#pragma once

#include <memory>
#include <vector>

#include "core/port/program.h"
#include "core/token.h"
#include "linux/path/descriptor.h"
#include "linux/program/child.h"
#include "linux/program/process.h"

namespace impersonate::linux_port {

// A process that has executed its program, and this process's ends of its pipes by index of stdio.
struct StartedProcess {
  std::shared_ptr<ProgramProcess> process;
  std::vector<Descriptor> ends;
};

// Starts the program as the token's user, without a session, or with the identity of the service: only for
// programs that may switch to that user. Throws Error.
StartedProcess StartProcess(const TokenRef& token, const port::ProgramOptions& options, ChildKind kind);

// The program of a process that is not watched yet.
std::unique_ptr<port::Program> ProgramOf(StartedProcess started, const port::ProgramOptions& options);

}  // namespace impersonate::linux_port
