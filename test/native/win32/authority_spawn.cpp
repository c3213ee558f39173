// Processes of a user by the secondary logon service, which Wine does not have.

#include <windows.h>

#include <array>

#include "authority.h"
#include "call_failed.h"
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

DWORD Spawn(HANDLE token, const Program& program) {
  const InheritedStandardHandles handles(*program.startup);
  return CreateProcessAsUserW(token, program.application, program.command, nullptr, nullptr, handles.any(),
                              program.flags, program.environment, program.directory, program.startup,
                              program.out)
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

BOOL WINAPI AuthorityCreateProcessWithLogonW(LPCWSTR name, LPCWSTR domain, LPCWSTR password, DWORD,
                                             LPCWSTR application, LPWSTR command, DWORD flags,
                                             LPVOID environment, LPCWSTR directory, LPSTARTUPINFOW startup,
                                             LPPROCESS_INFORMATION out) {
  return ReturnWin32Bool([&] {
    const std::optional<User> user = FindUser(name, domain != nullptr ? domain : L"");
    const DWORD refused = user ? CheckPassword(*user, password) : ERROR_LOGON_FAILURE;
    RecordAuthorityCall("CreateProcessWithLogonW", name, refused);
    if (refused != ERROR_SUCCESS) return refused;
    const Handle token = MakeUserToken(*user, L"S-1-5-4", TokenPrimary, SecurityImpersonation);
    return Spawn(token.get(), {application, command, flags, environment, directory, startup, out});
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
