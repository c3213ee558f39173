#pragma once

#include <windows.h>

#include <string>

#include "core/port/program.h"
#include "core/token.h"
#include "win32/handle.h"
#include "win32/program/job.h"
#include "win32/program/stdio.h"

namespace impersonate::win32 {

// A process that has not run yet, as its first thread is suspended. Ended with this object unless it is
// started.
class CreatedProcess {
 public:
  explicit CreatedProcess(const PROCESS_INFORMATION& created) noexcept
      : process_(created.hProcess), thread_(created.hThread), id_(created.dwProcessId) {}
  CreatedProcess(CreatedProcess&&) noexcept = default;
  CreatedProcess& operator=(CreatedProcess&&) = delete;
  ~CreatedProcess() {
    if (process_) TerminateProcess(process_.get(), 1);
  }

  HANDLE process() const noexcept { return process_.get(); }
  DWORD id() const noexcept { return id_; }
  // Lets the process run, and returns its handle.
  UniqueHandle Start();

 private:
  UniqueHandle process_;
  UniqueHandle thread_;
  DWORD id_;
};

// What every call that creates a process takes.
struct Launch {
  // Without the file, the environment and the folder. Throws EINVAL for a batch file.
  Launch(const port::ProgramOptions& options, ProgramHandles& handles);
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  std::wstring file, folder;
  std::wstring command_line;
  std::wstring desktop;
  // Not owned; null for the one that the system makes for the user.
  wchar_t* environment = nullptr;
  DWORD flags;
  STARTUPINFOW startup{};
};

inline constexpr char kNoDesktop[] =
    "the user has no access to the window station or desktop: leave out options.desktop, or grant the user "
    "access";

// Creates the process of a program as the token's user, in the job, with these handles only. The calling
// thread has the process identity; the program's file and the working directory are opened as the user. When
// it throws, there is no process.
CreatedProcess CreateProgram(const TokenRef& token, const port::ProgramOptions& options,
                             ProgramHandles& handles, const Job& job);

}  // namespace impersonate::win32
