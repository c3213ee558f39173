#include "core/port/program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "linux/credentials/credentials.h"
#include "linux/credentials/process_credentials.h"
#include "linux/credentials/reserved_uid.h"
#include "linux/errno_error.h"
#include "linux/path/descriptor.h"
#include "linux/program/child.h"
#include "linux/program/process.h"
#include "linux/program/start.h"
#include "linux/program/watcher.h"
#include "linux/session/session_program.h"
#include "linux/thread/switch.h"
#include "linux/token/linux_token.h"

namespace impersonate::port {
namespace {

using linux_port::ChildFailure;
using linux_port::ChildKind;
using linux_port::ChildPlan;
using linux_port::ChildStep;
using linux_port::Credentials;
using linux_port::Descriptor;
using linux_port::ErrnoError;
using linux_port::Identity;
using linux_port::LinuxToken;
using linux_port::ProgramProcess;
using linux_port::ProgramWatcher;

// The capabilities that the kernel gives to a program of root.
std::uint64_t CapabilitiesOfRoot() {
  std::uint64_t set = 0;
  for (unsigned long bit = 0; bit < 64; ++bit) {
    if (::prctl(PR_CAPBSET_READ, bit, 0UL, 0UL, 0UL) > 0) set |= std::uint64_t{1} << bit;
  }
  return set;
}

class LinuxProgram final : public Program {
 public:
  LinuxProgram(std::shared_ptr<ProgramProcess> process, bool tree, std::vector<Descriptor> ends)
      : process_(std::move(process)), tree_(tree) {
    pid_ = process_->pid();
    for (Descriptor& end : ends) descriptors_.push_back(end.Release());
  }

  ~LinuxProgram() override {
    process_->OnEnd(nullptr);
    ProgramWatcher::Get().Watch(*process_);
    for (const int descriptor : descriptors_) {
      if (descriptor >= 0) ::close(descriptor);
    }
  }

  void Watch(std::function<void(ProgramExit)> ended) override {
    process_->OnEnd(std::move(ended));
    ProgramWatcher::Get().Watch(*process_);
  }

  int Kill(int signal) noexcept override { return process_->Kill(signal, tree_); }

 private:
  const std::shared_ptr<ProgramProcess> process_;
  const bool tree_;
};

// What the program gets, and this process's ends of its pipes.
struct Stdio {
  std::vector<Descriptor> owned, ends;
};

void AddPipe(Stdio& stdio, ChildPlan& plan) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw ErrnoError(errno, kProgramCall);
  }
  stdio.ends.emplace_back(pair[0]);
  stdio.owned.emplace_back(pair[1]);
  plan.descriptors.push_back(pair[1]);
}

void AddNull(Stdio& stdio, ChildPlan& plan, bool reads) {
  Descriptor null(::open("/dev/null", (reads ? O_RDONLY : O_RDWR) | O_CLOEXEC));
  if (null.get() < 0) throw ErrnoError(errno, kProgramCall);
  stdio.ends.emplace_back(-1);
  plan.descriptors.push_back(null.get());
  stdio.owned.push_back(std::move(null));
}

Stdio PrepareStdio(const ProgramOptions& options, ChildPlan& plan) {
  constexpr std::size_t kStandard = 3;
  Stdio stdio;
  for (std::size_t i = 0; i < options.stdio.size() || i < kStandard; ++i) {
    const ProgramStdio one = i < options.stdio.size() ? options.stdio[i] : ProgramStdio{};
    plan.blocking.push_back(i < kStandard && one.kind == ProgramStdio::Kind::kDescriptor);
    if (one.kind == ProgramStdio::Kind::kPipe) {
      AddPipe(stdio, plan);
    } else if (one.kind == ProgramStdio::Kind::kDescriptor) {
      if (one.descriptor < 0) throw ErrnoError(EBADF, kProgramCall);
      stdio.ends.emplace_back(-1);
      plan.descriptors.push_back(one.descriptor);
    } else if (i < kStandard) {
      AddNull(stdio, plan, i == 0);
    } else {
      stdio.ends.emplace_back(-1);
      plan.descriptors.push_back(-1);
    }
  }
  plan.moved.resize(plan.descriptors.size());
  return stdio;
}

void RequireNoNul(const std::string& text, const char* what) {
  if (text.find('\0') == std::string::npos) return;
  throw Error("ERR_INVALID_ARG_VALUE", std::string(what) + " of a program must not contain null bytes");
}

// An array for execve(2) of the texts from `first` on.
std::vector<const char*> Pointers(const std::vector<std::string>& texts, std::size_t first,
                                  std::size_t count) {
  std::vector<const char*> pointers;
  pointers.reserve(count + 1);
  for (std::size_t i = first; i < first + count; ++i) pointers.push_back(texts[i].c_str());
  pointers.push_back(nullptr);
  return pointers;
}

void PlanTexts(ChildPlan& plan, const ProgramOptions& options) {
  for (const std::string& text : options.arguments) RequireNoNul(text, "An argument");
  for (const std::string& text : options.environment) RequireNoNul(text, "The environment");
  plan.texts = options.arguments;
  if (plan.texts.empty()) plan.texts.push_back(options.file);
  const std::size_t arguments = plan.texts.size();
  plan.texts.insert(plan.texts.end(), options.environment.begin(), options.environment.end());
  plan.arguments = Pointers(plan.texts, 0, arguments);
  plan.environment = Pointers(plan.texts, arguments, options.environment.size());
}

// The paths that execvp(3) would try.
std::vector<std::string> Candidates(const ProgramOptions& options) {
  RequireNoNul(options.file, "The path");
  if (options.file.empty() || options.file.find('/') != std::string::npos) return {options.file};
  const std::string prefix = "PATH=";
  std::string path = "/bin:/usr/bin";
  for (const std::string& pair : options.environment) {
    if (pair.compare(0, prefix.size(), prefix) != 0) continue;
    path = pair.substr(prefix.size());
    break;
  }
  std::vector<std::string> candidates;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t end = std::min(path.find(':', from), path.size());
    const std::string folder = path.substr(from, end - from);
    candidates.push_back(folder.empty() ? options.file : folder + "/" + options.file);
    from = end + 1;
  }
  return candidates;
}

// The absolute path of the working directory, which the program's process enters as a process of the user
// could: the user may have no right to come to the working directory of this process, to which a relative
// path would begin.
std::string DirectoryOf(const ProgramOptions& options) {
  const std::string given = options.cwd.value_or("");
  RequireNoNul(given, "The working directory");
  if (options.cwd && (given.empty() || given.front() == '/')) return given;
  std::string path(PATH_MAX, '\0');
  if (!::getcwd(path.data(), path.size())) throw ErrnoError(errno, "getcwd");
  path.resize(path.find('\0'));
  return given.empty() ? path : path + "/" + given;
}

// The ids without duplicates and the given one.
std::vector<std::uint32_t> Others(std::vector<std::uint32_t> ids, std::uint32_t own) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  ids.erase(std::remove(ids.begin(), ids.end(), own), ids.end());
  return ids;
}

void PlanIdentity(ChildPlan& plan, const Credentials& base, const LinuxToken& token,
                  const ProgramOptions& options) {
  const Identity& identity = token.identity();
  linux_port::RequireSwitchable(base, identity);
  plan.uid = identity.uid;
  plan.gid = identity.gid;
  plan.groups = identity.groups;
  plan.read_groups.resize(identity.groups.size() + 1);
  plan.reserved_uid = linux_port::ReservedUid();
  plan.other_uids = Others({0, base.real_uid, base.effective_uid, base.saved_uid}, identity.uid);
  plan.other_gids = Others({0, base.real_gid, base.effective_gid, base.saved_gid}, identity.gid);
  plan.regain_root = linux_port::HasSavedRoot(base);
  const bool is_root = identity.uid == 0;
  plan.capabilities = is_root ? identity.capabilities & base.capabilities.permitted : 0;
  // Without this the kernel gives a program of root all of CapabilitiesOfRoot(). If the process has kept the
  // kernel from removing capabilities, a set-user-ID program that the program starts would keep its own when
  // it becomes the user again.
  const bool must =
      (is_root && (CapabilitiesOfRoot() & ~plan.capabilities) != 0) || !base.capabilities_follow_uid;
  plan.no_new_privileges = must || options.no_new_privileges.value_or(identity.restricted);
}

// The error for a process that did not get to execute the program.
Error FailureError(const ChildFailure& failure, const Credentials& base, const Identity& identity,
                   const ProgramOptions& options, const std::string& directory) {
  const char* const call = linux_port::CallOf(failure.step);
  switch (failure.step) {
    case ChildStep::kGroups:
    case ChildStep::kGid:
    case ChildStep::kUid:
      return linux_port::SwitchError(failure.error, call, base, identity);
    case ChildStep::kVerify:
      return linux_port::DowngradedError(call);
    case ChildStep::kRegain:
      return Error("ERR_IMPERSONATION_DOWNGRADED", EPERM, call,
                   "The program was not started: its process could take the identity of this process back, "
                   "so a system "
                   "call filter or a security module does not apply the kernel's rules");
    case ChildStep::kDirectory:
      if (!options.cwd) {
        const Error plain = ErrnoError(failure.error, call);
        return Error(
            plain.code(), plain.number(), call,
            std::string(plain.what()) + " '" + directory +
                "': the user may not enter the working directory of this process; pass the option cwd");
      }
      return ErrnoError(failure.error, kProgramCall);
    case ChildStep::kDescriptors:
    case ChildStep::kExecute:
      return ErrnoError(failure.error, kProgramCall);
    default:
      return ErrnoError(failure.error, call);
  }
}

}  // namespace

std::unique_ptr<Program> StartProgram(const TokenRef& token, const ProgramOptions& options) {
  if (options.session) return linux_port::StartInSession(token, options);
  linux_port::StartedProcess started = linux_port::StartProcess(token, options, ChildKind::kProgram);
  return linux_port::ProgramOf(std::move(started), options);
}

std::unique_ptr<Program> StartProgramWithLogon(const Logon&, const ProgramOptions&) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
              "Linux starts programs with a token only: use Token.logon() and token.spawn()");
}

}  // namespace impersonate::port

namespace impersonate::linux_port {

std::unique_ptr<port::Program> ProgramOf(StartedProcess started, const port::ProgramOptions& options) {
  return std::make_unique<port::LinuxProgram>(std::move(started.process), options.tree,
                                              std::move(started.ends));
}

StartedProcess StartProcess(const TokenRef& token, const port::ProgramOptions& options, ChildKind kind) {
  using namespace port;
  const LinuxToken& user = LinuxToken::From(*token);
  // The credentials of the process do not change meanwhile.
  const std::shared_lock<std::shared_mutex> gate(linux_port::ScopeGate());
  Credentials base;
  linux_port::ReadCredentials(base);
  auto plan = std::make_unique<ChildPlan>();
  plan->kind = kind;
  PlanIdentity(*plan, base, user, options);
  plan->candidates = Candidates(options);
  PlanTexts(*plan, options);
  plan->limits = options.limits;
  const std::string directory = DirectoryOf(options);
  plan->directory = directory;
  Stdio stdio = PrepareStdio(options, *plan);
  ChildFailure failure;
  std::shared_ptr<ProgramProcess> process = ProgramProcess::Start(token, std::move(plan), failure);
  if (!process && kind == ChildKind::kService && failure.step == ChildStep::kExecute) {
    throw Error("ERR_SESSION_FAILED", failure.error, "execve",
                "The process that holds a PAM session cannot be started: " + options.file);
  }
  if (!process) throw FailureError(failure, base, user.identity(), options, directory);
  return {std::move(process), std::move(stdio.ends)};
}

}  // namespace impersonate::linux_port
