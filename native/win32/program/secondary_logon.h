#pragma once

#include <windows.h>

#include "core/port/logon.h"
#include "core/port/program.h"
#include "win32/program/creation.h"
#include "win32/program/job.h"
#include "win32/program/stdio.h"

// The service Secondary Logon, which creates processes for a process that may not assign primary tokens. It
// passes on the three standard handles and nothing else, takes a short command line, gives every process a
// console and a process group of its own, and knows no job: the process joins it before it runs.
namespace impersonate::win32 {

// Needs SeImpersonatePrivilege. The user has opened the file and the folder before.
CreatedProcess CreateWithToken(HANDLE primary, Launch& launch, const ProgramHandles& handles, HANDLE job);

// Needs no privilege; the service refuses LocalSystem. It opens the file and the folder as the user. Here the
// file is only looked up, as the process: one that this process may not execute counts as found. The calling
// thread has the process identity, and waits for the logon. When it throws, there is no process.
CreatedProcess CreateWithLogon(const Logon& logon, const port::ProgramOptions& options,
                               ProgramHandles& handles, const Job& job);

}  // namespace impersonate::win32
