#include "win32/program/creation.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/scope_stack.h"
#include "win32/last_error.h"
#include "win32/process_identity.h"
#include "win32/program/command_line.h"
#include "win32/program/environment_block.h"
#include "win32/program/image.h"
#include "win32/program/program_error.h"
#include "win32/program/secondary_logon.h"
#include "win32/sid.h"
#include "win32/text.h"
#include "win32/token/security_descriptor.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::win32 {
namespace {

constexpr char kBatchFile[] = "a batch file needs options.shell";
constexpr char kReplaced[] = "another file has taken the place of the program while it was started";

// The user may open the token of a process of theirs, as after a logon. The default would allow this process
// alone.
SecurityDescriptor SecurityFor(const Token& token) {
  const std::string own = SidToString(ProcessIdentity::Get().user().get());
  return SecurityDescriptor::Parse("O:" + own + "D:P(A;;GA;;;" + own + ")(A;;GA;;;SY)(A;;GA;;;" +
                                   token.user() + ")");
}

// The last two rights are for CreateProcessWithTokenW.
UniqueHandle PrimaryCopyOf(const Token& token) {
  constexpr DWORD kAccess =
      TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT | TOKEN_ADJUST_SESSIONID;
  const SecurityDescriptor security = SecurityFor(token);
  SECURITY_ATTRIBUTES attributes{sizeof attributes, security.get(), FALSE};
  HANDLE copy = nullptr;
  if (!DuplicateTokenEx(Win32Token::From(token).handle(), kAccess, &attributes, SecurityImpersonation,
                        TokenPrimary, &copy)) {
    ThrowLastError("DuplicateTokenEx");
  }
  return UniqueHandle(copy);
}

// The handles that the process inherits, and the job in which it begins. The lists must outlive this object.
class Attributes {
 public:
  Attributes(const std::vector<HANDLE>& handles, HANDLE& job) {
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(nullptr, 2, 0, &size);
    memory_.resize(size);
    if (!InitializeProcThreadAttributeList(get(), 2, 0, &size))
      ThrowLastError("InitializeProcThreadAttributeList");
    try {
      if (!handles.empty()) {
        Put(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, const_cast<HANDLE*>(handles.data()),
            handles.size() * sizeof(HANDLE));
      }
      Put(PROC_THREAD_ATTRIBUTE_JOB_LIST, &job, sizeof job);
    } catch (...) {
      DeleteProcThreadAttributeList(get());
      throw;
    }
  }
  ~Attributes() { DeleteProcThreadAttributeList(get()); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  LPPROC_THREAD_ATTRIBUTE_LIST get() noexcept {
    return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.data());
  }

 private:
  void Put(DWORD_PTR attribute, void* value, SIZE_T size) {
    if (!UpdateProcThreadAttribute(get(), 0, attribute, value, size, nullptr, nullptr))
      ThrowLastError("UpdateProcThreadAttribute");
  }

  std::vector<BYTE> memory_;
};

// A thread with a console of this process could read the input of the console, and write to it.
bool HasConsole() noexcept {
  DWORD process = 0;
  return GetConsoleProcessList(&process, 1) != 0;
}

bool InheritsDescriptor(const port::ProgramOptions& options) noexcept {
  for (const port::ProgramStdio& one : options.stdio) {
    if (one.kind == port::ProgramStdio::Kind::kDescriptor) return true;
  }
  return false;
}

DWORD CreationFlags(const port::ProgramOptions& options, const ProgramHandles& handles) noexcept {
  constexpr DWORD kAlways = CREATE_UNICODE_ENVIRONMENT | CREATE_SUSPENDED;
  if (options.detached) return kAlways | DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP;
  const bool hidden = options.hide_window && !InheritsDescriptor(options);
  return kAlways | (hidden || (!handles.has_console() && HasConsole()) ? CREATE_NO_WINDOW : 0UL);
}

// One start as the user of a token.
class Creation {
 public:
  Creation(const TokenRef& token, const port::ProgramOptions& options, ProgramHandles& handles,
           const Job& job)
      : token_(token),
        handles_(handles),
        job_(job.get()),
        primary_(PrimaryCopyOf(*token)),
        launch_(options, handles),
        environment_(options.environment, Win32Token::From(*token).handle()) {
    const std::wstring file = ToWide(options.file);
    const std::wstring cwd = ToWide(options.cwd.value_or(""));
    {
      const TokenScope as_user(token);
      launch_.folder = WorkingDirectory(cwd);
      image_.emplace(file, launch_.folder, environment_.Find(L"PATH"), Image::Denied::kSkipped);
    }
    launch_.file = image_->path();
    launch_.environment = environment_.data();
  }

  CreatedProcess Create() {
    CreatedProcess created = CreateAsUser();
    Check(created.process());
    return created;
  }

 private:
  // As the process, whose privileges the call needs; the user has opened the file and the folder before.
  CreatedProcess CreateAsUser() {
    const std::vector<HANDLE>& inherited = handles_.MakeInheritable();
    Attributes attributes(inherited, job_);
    STARTUPINFOEXW startup{launch_.startup, attributes.get()};
    startup.StartupInfo.cb = sizeof startup;
    PROCESS_INFORMATION created{};
    std::wstring command_line = launch_.command_line;  // the call may write to it
    if (CreateProcessAsUserW(primary_.get(), launch_.file.c_str(), command_line.data(), nullptr, nullptr,
                             !inherited.empty(), launch_.flags | EXTENDED_STARTUPINFO_PRESENT,
                             launch_.environment, launch_.folder.c_str(), &startup.StartupInfo, &created)) {
      return CreatedProcess(created);
    }
    const DWORD error = GetLastError();
    if (error == ERROR_PRIVILEGE_NOT_HELD) return CreateWithToken(primary_.get(), launch_, handles_, job_);
    throw ProgramError(error, "CreateProcessAsUserW", error == ERROR_DLL_INIT_FAILED ? kNoDesktop : "");
  }

  // The process must be the user's, and run the file that the user has opened.
  void Check(HANDLE process) const {
    HANDLE opened = nullptr;
    if (!OpenProcessToken(process, TOKEN_QUERY, &opened)) ThrowLastError("OpenProcessToken");
    const UniqueHandle actual(opened);
    if (UserOf(actual.get()) != UserOf(Win32Token::From(*token_).handle())) {
      throw Error("ERR_IMPERSONATION_MISMATCH", "The program has the user " +
                                                    SidToString(UserOf(actual.get()).get()) +
                                                    " instead of the token's user " + token_->user());
    }
    if (!image_->IsOf(process)) throw ProgramError(ERROR_ACCESS_DENIED, "CreateProcessAsUserW", kReplaced);
  }

  const TokenRef& token_;
  ProgramHandles& handles_;
  HANDLE job_;
  UniqueHandle primary_;
  Launch launch_;
  EnvironmentBlock environment_;
  std::optional<Image> image_;
};

}  // namespace

Launch::Launch(const port::ProgramOptions& options, ProgramHandles& handles)
    : command_line(CommandLine(options.arguments, options.verbatim_arguments)),
      desktop(ToWide(options.desktop)),
      flags(CreationFlags(options, handles)) {
  if (IsBatchFile(ToWide(options.file)))
    throw ProgramError(ERROR_INVALID_PARAMETER, "CreateProcessAsUserW", kBatchFile);
  startup.cb = sizeof startup;
  startup.dwFlags = STARTF_USESHOWWINDOW;
  startup.wShowWindow = options.hide_window ? SW_HIDE : SW_SHOWDEFAULT;
  startup.lpDesktop = desktop.data();
  handles.Describe(startup);
}

UniqueHandle CreatedProcess::Start() {
  if (ResumeThread(thread_.get()) == static_cast<DWORD>(-1)) ThrowLastError("ResumeThread");
  return std::move(process_);
}

CreatedProcess CreateProgram(const TokenRef& token, const port::ProgramOptions& options,
                             ProgramHandles& handles, const Job& job) {
  return Creation(token, options, handles, job).Create();
}

}  // namespace impersonate::win32
