#include "program_calls.h"

#include <mutex>
#include <utility>

#include "identity.h"

namespace seam {
namespace {

std::wstring TextOf(LPCWSTR text) { return text == nullptr ? L"(null)" : text; }

// One for the process, like the import tables.
struct Programs {
  std::mutex mutex;
  std::vector<ProgramCall> calls;
  std::wstring application;
  HANDLE token = nullptr;
};

Programs& ThePrograms() {
  static Programs programs;
  return programs;
}

void Record(ProgramCall call, const STARTUPINFOW& startup) {
  call.startup_flags = startup.dwFlags;
  call.show_window = startup.wShowWindow;
  call.desktop = TextOf(startup.lpDesktop);
  call.runtime_block = startup.cbReserved2;
  HANDLE token = nullptr;
  call.impersonating = OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token) != FALSE;
  if (call.impersonating) CloseHandle(token);
  Programs& programs = ThePrograms();
  const std::lock_guard<std::mutex> lock(programs.mutex);
  programs.calls.push_back(std::move(call));
}

BOOL WINAPI RecordedCreateProcessAsUserW(HANDLE token, LPCWSTR application, LPWSTR command_line,
                                         LPSECURITY_ATTRIBUTES process, LPSECURITY_ATTRIBUTES thread,
                                         BOOL inherits, DWORD flags, LPVOID environment, LPCWSTR folder,
                                         LPSTARTUPINFOW startup, LPPROCESS_INFORMATION out) {
  ProgramCall call{};
  call.function = "CreateProcessAsUserW";
  call.application = TextOf(application);
  call.command_line = TextOf(command_line);
  call.flags = flags;
  call.inherits = inherits;
  call.folder = TextOf(folder);
  call.has_environment = environment != nullptr;
  Record(std::move(call), *startup);
  Programs& programs = ThePrograms();
  std::wstring other;
  {
    const std::lock_guard<std::mutex> lock(programs.mutex);
    other = programs.application;
    if (programs.token != nullptr) token = programs.token;
  }
  if (!other.empty()) application = other.c_str();
  return CreateProcessAsUserW(token, application, command_line, process, thread, inherits, flags, environment,
                              folder, startup, out);
}

}  // namespace

std::vector<Substitute> ProgramSubstitutes() {
  return {Replace<decltype(CreateProcessAsUserW)>("CreateProcessAsUserW", RecordedCreateProcessAsUserW)};
}

void RecordProgramWithLogon(LPCWSTR account, DWORD logon_flags, LPCWSTR application, LPCWSTR command_line,
                            DWORD flags, LPVOID environment, LPCWSTR folder, const STARTUPINFOW& startup) {
  ProgramCall call{};
  call.function = "CreateProcessWithLogonW";
  call.application = TextOf(application);
  call.command_line = TextOf(command_line);
  call.flags = flags;
  call.folder = TextOf(folder);
  call.account = account;
  call.logon_flags = logon_flags;
  call.has_environment = environment != nullptr;
  Record(std::move(call), startup);
}

std::vector<ProgramCall> TakeProgramCalls() {
  Programs& programs = ThePrograms();
  const std::lock_guard<std::mutex> lock(programs.mutex);
  return std::exchange(programs.calls, {});
}

void SwapProgram(const std::wstring& application, HANDLE token) {
  Programs& programs = ThePrograms();
  const std::lock_guard<std::mutex> lock(programs.mutex);
  programs.application = application;
  programs.token = token;
}

}  // namespace seam
