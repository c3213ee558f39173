#pragma once

#include <windows.h>

#include <string>
#include <vector>

#include "redirects.h"

namespace seam {

// How a process was created.
struct ProgramCall {
  std::string function;
  std::wstring application;
  std::wstring command_line;
  DWORD flags;
  // The standard information: of the windows, the desktop, the size of the runtime's block.
  DWORD startup_flags;
  WORD show_window;
  std::wstring desktop;
  WORD runtime_block;
  BOOL inherits;
  std::wstring folder;
  // Of CreateProcessWithLogonW: domain\\name, and its LOGON_ flags.
  std::wstring account;
  DWORD logon_flags;
  bool has_environment;
  // Whether the calling thread had a token of its own.
  bool impersonating;
};

// Records the creation of processes, and creates another one if that is set.
std::vector<Substitute> ProgramSubstitutes();

// Records the creation of a process by CreateProcessWithLogonW.
void RecordProgramWithLogon(LPCWSTR account, DWORD logon_flags, LPCWSTR application, LPCWSTR command_line,
                            DWORD flags, LPVOID environment, LPCWSTR folder, const STARTUPINFOW& startup);

// Removes and returns all records, oldest first.
std::vector<ProgramCall> TakeProgramCalls();

// The file, and the token unless it is null, of later processes, whatever is asked for; "" and null for what
// is. The caller keeps the token.
void SwapProgram(const std::wstring& application, HANDLE token);

}  // namespace seam
