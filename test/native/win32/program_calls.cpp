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

void Record(const char* function, LPCWSTR application, LPCWSTR command_line, BOOL inherits, DWORD flags,
            LPCWSTR folder, const STARTUPINFOW& startup) {
  Programs& programs = ThePrograms();
  HANDLE token = nullptr;
  const bool impersonating = OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token) != FALSE;
  if (impersonating) CloseHandle(token);
  const std::lock_guard<std::mutex> lock(programs.mutex);
  programs.calls.push_back({function, TextOf(application), TextOf(command_line), flags, startup.dwFlags,
                            startup.wShowWindow, TextOf(startup.lpDesktop), startup.cbReserved2, inherits,
                            TextOf(folder), impersonating});
}

BOOL WINAPI RecordedCreateProcessAsUserW(HANDLE token, LPCWSTR application, LPWSTR command_line,
                                         LPSECURITY_ATTRIBUTES process, LPSECURITY_ATTRIBUTES thread,
                                         BOOL inherits, DWORD flags, LPVOID environment, LPCWSTR folder,
                                         LPSTARTUPINFOW startup, LPPROCESS_INFORMATION out) {
  Record("CreateProcessAsUserW", application, command_line, inherits, flags, folder, *startup);
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
