#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/port/program.h"
#include "core/token.h"

namespace impersonate {

// What a program that is waited for gets, by index of its descriptors, and its limits.
struct RunOptions {
  // What is written to the pipe before it is shut down.
  std::vector<std::vector<char>> input;
  // Whether what comes out of the pipe is returned.
  std::vector<bool> output;
  // Milliseconds; 0 for no limit.
  std::uint64_t timeout = 0;
  // The most bytes of all outputs; negative for no limit.
  std::int64_t max_buffer = -1;
  // Of a program that exceeds a limit.
  int kill_signal = 0;
};

struct RunResult {
  int pid = 0;
  // None if the program could not be ended.
  std::optional<port::ProgramExit> exit;
  std::vector<std::optional<std::vector<char>>> output;
  // libuv's number of the first failure; 0 for none.
  int error = 0;
};

// Starts a program and waits for its end and for the ends of its pipes, on the calling thread, which has the
// process identity. Behaves as node's spawnSync does. Throws Error if the program cannot be started.
RunResult RunProgram(const TokenRef& token, const port::ProgramOptions& options, RunOptions run);

}  // namespace impersonate
