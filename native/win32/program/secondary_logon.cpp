#include "win32/program/secondary_logon.h"

#include <cstddef>
#include <optional>
#include <string>

#include "core/error.h"
#include "win32/last_error.h"
#include "win32/process_identity.h"
#include "win32/program/environment_block.h"
#include "win32/program/image.h"
#include "win32/program/program_error.h"
#include "win32/text.h"

namespace impersonate::win32 {
namespace {

// With the NUL at its end.
constexpr std::size_t kMaxCommandLine = 1024;

constexpr char kRights[] =
    "to start programs as another user the process needs SeAssignPrimaryTokenPrivilege and "
    "SeIncreaseQuotaPrivilege, "
    "or SeImpersonatePrivilege and the service Secondary Logon (docs/rights.md)";
constexpr char kTokens[] = "use Token.logon() and token.spawn(), which need rights (docs/rights.md)";
constexpr char kSystem[] =
    "LocalSystem cannot start programs by a password: use Token.logon() and token.spawn()";

void RequirePassable(const Launch& launch, const ProgramHandles& handles, const char* advice) {
  const char* const what =
      handles.count() > 3 ? "Descriptors above 2, and so IPC, cannot be passed to the program: "
      : launch.command_line.size() >= kMaxCommandLine ? "The command line has more than 1023 characters: "
                                                      : nullptr;
  if (what) throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", std::string(what) + advice);
}

// DETACHED_PROCESS is not among the flags that the service takes, and a process group it makes always.
DWORD FlagsOf(const Launch& launch) noexcept {
  return launch.flags & ~static_cast<DWORD>(DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP);
}

STARTUPINFOW StartupOf(const Launch& launch) noexcept {
  STARTUPINFOW startup = launch.startup;
  startup.lpReserved2 = nullptr;
  startup.cbReserved2 = 0;
  return startup;
}

CreatedProcess InJob(const PROCESS_INFORMATION& information, HANDLE job) {
  CreatedProcess created(information);
  if (!AssignProcessToJobObject(job, created.process())) ThrowLastError("AssignProcessToJobObject");
  return created;
}

std::string HintOf(DWORD error) {
  switch (error) {
    case ERROR_SERVICE_DISABLED:
      return "the service Secondary Logon (seclogon) is disabled";
    case ERROR_LOGON_TYPE_NOT_GRANTED:
      return "the user needs the right to log on locally (SeInteractiveLogonRight)";
    case ERROR_DLL_INIT_FAILED:
      return kNoDesktop;
    default:
      return "";
  }
}

std::wstring PathOfProcess() {
  std::wstring path(32767, L'\0');
  path.resize(GetEnvironmentVariableW(L"PATH", path.data(), static_cast<DWORD>(path.size())));
  return path;
}

}  // namespace

CreatedProcess CreateWithToken(HANDLE primary, Launch& launch, const ProgramHandles& handles, HANDLE job) {
  RequirePassable(launch, handles, kRights);
  STARTUPINFOW startup = StartupOf(launch);
  PROCESS_INFORMATION created{};
  std::wstring command_line = launch.command_line;
  if (!CreateProcessWithTokenW(primary, 0, launch.file.c_str(), command_line.data(), FlagsOf(launch),
                               launch.environment, launch.folder.c_str(), &startup, &created)) {
    const DWORD error = GetLastError();
    throw ProgramError(error, "CreateProcessWithTokenW",
                       error == ERROR_PRIVILEGE_NOT_HELD ? kRights : HintOf(error));
  }
  return InJob(created, job);
}

CreatedProcess CreateWithLogon(const Logon& logon, const port::ProgramOptions& options,
                               ProgramHandles& handles, const Job& job) {
  constexpr char kCall[] = "CreateProcessWithLogonW";
  const bool net_only = logon.type == LogonType::kNewCredentials;
  if (net_only && options.profile)
    throw InvalidArgument("The \"options.profile\" argument must not be set with logon.netOnly");
  if (IsWellKnownSid(ProcessIdentity::Get().user().get(), WinLocalSystemSid))
    throw Win32Error(ERROR_ACCESS_DENIED, kCall, kSystem);
  Launch launch(options, handles);
  RequirePassable(launch, handles, kTokens);
  std::optional<EnvironmentBlock> environment;
  if (!options.login_environment) {
    environment.emplace(options.environment, nullptr);
    launch.environment = environment->data();
  }
  const std::wstring path = environment ? environment->Find(L"PATH") : PathOfProcess();
  launch.folder = AbsolutePath(ToWide(options.cwd.value_or("")));
  const Image image(ToWide(options.file), launch.folder, path, Image::Denied::kFound);
  launch.file = image.path();
  const DWORD how = net_only ? LOGON_NETCREDENTIALS_ONLY : options.profile ? LOGON_WITH_PROFILE : 0;
  const std::wstring user = ToWide(logon.user);
  const std::wstring domain = ToWide(logon.domain);
  const Secret<wchar_t> password = ToWide(logon.password);
  STARTUPINFOW startup = StartupOf(launch);
  handles.MakeInheritable();
  PROCESS_INFORMATION created{};
  std::wstring command_line = launch.command_line;
  if (!CreateProcessWithLogonW(user.c_str(), logon.domain.empty() ? nullptr : domain.c_str(), password.data(),
                               how, launch.file.c_str(), command_line.data(), FlagsOf(launch),
                               launch.environment, launch.folder.c_str(), &startup, &created)) {
    const DWORD error = GetLastError();
    throw ProgramError(error, kCall, HintOf(error));
  }
  return InJob(created, job.get());
}

}  // namespace impersonate::win32
