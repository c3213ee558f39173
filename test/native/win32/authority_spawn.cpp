// Processes of a user by the secondary logon service, which Wine does not have.

#include <windows.h>
// After windows.h.
#include <userenv.h>

#include <array>
#include <memory>

#include "authority.h"
#include "call_failed.h"
#include "program_calls.h"
#include "users.h"

namespace seam {
namespace {

// The service passes the standard handles on whether or not they are inheritable.
class InheritedStandardHandles {
 public:
  explicit InheritedStandardHandles(const STARTUPINFOW& startup) {
    if ((startup.dwFlags & STARTF_USESTDHANDLES) == 0) return;
    handles_ = {startup.hStdInput, startup.hStdOutput, startup.hStdError};
    for (size_t i = 0; i < handles_.size(); ++i) {
      if (handles_[i] == nullptr || !GetHandleInformation(handles_[i], &before_[i])) continue;
      SetHandleInformation(handles_[i], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
      any_ = TRUE;
    }
  }

  ~InheritedStandardHandles() {
    for (size_t i = 0; i < handles_.size(); ++i) {
      if (handles_[i] != nullptr) SetHandleInformation(handles_[i], HANDLE_FLAG_INHERIT, before_[i]);
    }
  }

  InheritedStandardHandles(const InheritedStandardHandles&) = delete;
  InheritedStandardHandles& operator=(const InheritedStandardHandles&) = delete;

  BOOL any() const { return any_; }

 private:
  std::array<HANDLE, 3> handles_{};
  std::array<DWORD, 3> before_{};
  BOOL any_ = FALSE;
};

struct Program {
  LPCWSTR application;
  LPWSTR command;
  DWORD flags;
  LPVOID environment;
  LPCWSTR directory;
  LPSTARTUPINFOW startup;
  LPPROCESS_INFORMATION out;
};

struct BlockFree {
  void operator()(void* block) const { DestroyEnvironmentBlock(block); }
};

DWORD Spawn(HANDLE token, const Program& program) {
  const InheritedStandardHandles handles(*program.startup);
  std::unique_ptr<void, BlockFree> of_user;
  if (program.environment == nullptr) {
    void* block = nullptr;
    if (!CreateEnvironmentBlock(&block, token, FALSE)) return GetLastError();
    of_user.reset(block);
  }
  return CreateProcessAsUserW(token, program.application, program.command, nullptr, nullptr, handles.any(),
                              program.flags | CREATE_UNICODE_ENVIRONMENT,
                              of_user ? of_user.get() : program.environment, program.directory,
                              program.startup, program.out)
             ? ERROR_SUCCESS
             : GetLastError();
}

BOOL WINAPI AuthorityCreateProcessWithTokenW(HANDLE token, DWORD, LPCWSTR application, LPWSTR command,
                                             DWORD flags, LPVOID environment, LPCWSTR directory,
                                             LPSTARTUPINFOW startup, LPPROCESS_INFORMATION out) {
  return ReturnWin32Bool([&] {
    const DWORD error = Spawn(token, {application, command, flags, environment, directory, startup, out});
    RecordAuthorityCall("CreateProcessWithTokenW", application != nullptr ? application : command, error);
    return error;
  });
}

// The caller's own identity, for LOGON_NETCREDENTIALS_ONLY.
Handle OwnToken() {
  HANDLE token = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token)) ThrowLastError("OpenProcessToken");
  return Handle(token);
}

BOOL WINAPI AuthorityCreateProcessWithLogonW(LPCWSTR name, LPCWSTR domain, LPCWSTR password, DWORD how,
                                             LPCWSTR application, LPWSTR command, DWORD flags,
                                             LPVOID environment, LPCWSTR directory, LPSTARTUPINFOW startup,
                                             LPPROCESS_INFORMATION out) {
  return ReturnWin32Bool([&] {
    const std::wstring of = domain != nullptr ? domain : L"";
    RecordProgramWithLogon((of + L"\\" + name).c_str(), how, application, command, flags, environment,
                           directory, *startup);
    const Program program{application, command, flags, environment, directory, startup, out};
    if (how == LOGON_NETCREDENTIALS_ONLY) return Spawn(OwnToken().get(), program);
    const std::optional<User> user = FindUser(name, of);
    const DWORD refused = user ? CheckPassword(*user, password) : ERROR_LOGON_FAILURE;
    RecordAuthorityCall("CreateProcessWithLogonW", name, refused);
    if (refused != ERROR_SUCCESS) return refused;
    const Handle token = MakeUserToken(*user, L"S-1-5-4", TokenPrimary, SecurityImpersonation);
    return Spawn(token.get(), program);
  });
}

}  // namespace

std::vector<Substitute> SpawnSubstitutes() {
  return {
      Replace<decltype(CreateProcessWithTokenW)>("CreateProcessWithTokenW", AuthorityCreateProcessWithTokenW),
      Replace<decltype(CreateProcessWithLogonW)>("CreateProcessWithLogonW", AuthorityCreateProcessWithLogonW),
  };
}

}  // namespace seam
