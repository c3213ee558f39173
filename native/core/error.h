#pragma once

#include <exception>
#include <string>
#include <utility>

namespace impersonate {

// A failure of the operating system or of this library. Thrown on the thread of the failed call, right after
// the call, so that `number` is that call's own error.
class Error : public std::exception {
 public:
  // `code` is the symbolic name (EPERM, ERROR_ACCESS_DENIED, ERR_TOKEN_CLOSED), `number` the errno or
  // Win32 error (0 for errors of this library), `syscall` the call that failed (empty likewise).
  Error(std::string code, int number, std::string syscall, std::string message)
      : code_(std::move(code)), number_(number), syscall_(std::move(syscall)), message_(std::move(message)) {}

  // An error of this library.
  Error(std::string code, std::string message) : Error(std::move(code), 0, "", std::move(message)) {}

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& code() const noexcept { return code_; }
  int number() const noexcept { return number_; }
  const std::string& syscall() const noexcept { return syscall_; }

 private:
  std::string code_;
  int number_;
  std::string syscall_;
  std::string message_;
};

// Writes the message and a line end to standard error; does nothing for an empty message.
void Print(const std::string& message) noexcept;

// Writes the message to standard error and aborts the process. Used when a thread's identity cannot be
// restored: no code may run on that thread.
[[noreturn]] void Abort(const std::string& message) noexcept;

// Writes the message to standard error and ends the process at once with `exit_code`, from any thread;
// no JavaScript, exit handler or destructor runs.
[[noreturn]] void Exit(const std::string& message, int exit_code) noexcept;

}  // namespace impersonate
