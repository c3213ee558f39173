#pragma once

#include <string>

namespace impersonate {

// Writes the message and a line end to standard error; nothing for an empty one.
void Print(const std::string& message) noexcept;

// Writes the message to standard error and aborts the process. For the one case in which nothing may
// run any more: a thread that could not be given its identity back.
[[noreturn]] void Abort(const std::string& message) noexcept;

// Writes the message to standard error and ends the process at once with `exit_code`, from any thread;
// no JavaScript, exit handler or destructor runs.
[[noreturn]] void Die(const std::string& message, int exit_code) noexcept;

}  // namespace impersonate
