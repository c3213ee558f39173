#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/port/program.h"
#include "core/secret.h"
#include "linux/credentials/credentials.h"
#include "linux/credentials/process_credentials.h"
#include "linux/errno_error.h"
#include "linux/pam/pam_session.h"
#include "linux/path/descriptor.h"
#include "linux/program/start.h"
#include "linux/session/message.h"

namespace impersonate::linux_port {
namespace {

using port::ProgramExit;
using port::ProgramOptions;
using port::ProgramStdio;

// What ends the service, and its terminal, must not end its sessions without closing them.
void IgnoreSignals() noexcept {
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM}) {
    ::signal(signal, SIG_IGN);
  }
}

// Helpers of PAM's modules must not get the descriptors of this process and of the program.
void CloseOnExecute(const ProgramOptions& options) {
  const int end = kFirstStdio + static_cast<int>(options.stdio.size());
  for (int fd = kMonitorSocket; fd < end; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

SessionRequest ReadRequest() {
  const Descriptor file(kMonitorRequest);
  struct stat state{};
  if (::fstat(file.get(), &state) != 0) throw ErrnoError(errno, "fstat");
  std::string bytes(static_cast<std::size_t>(state.st_size), '\0');
  for (std::size_t size = 0; size < bytes.size();) {
    const ssize_t count =
        ::pread(file.get(), bytes.data() + size, bytes.size() - size, static_cast<off_t>(size));
    if (count <= 0) throw ErrnoError(count == 0 ? EIO : errno, "pread");
    size += static_cast<std::size_t>(count);
  }
  return RequestFrom(std::move(bytes));
}

// Runs `change`, which may change the credentials of all threads of this process.
template <typename Change>
void ChangeCredentials(Change change) {
  const std::lock_guard<std::shared_mutex> starts(ThreadStartGate());
  const std::lock_guard<std::shared_mutex> scopes(ScopeGate());
  CountCredentialChange();
  change();
}

// Those of the user, to which the session's modules may add others (pam_group).
void SetGroups(const std::vector<gid_t>& groups) {
  ChangeCredentials([&] {
    if (::setgroups(groups.size(), groups.data()) != 0) throw ErrnoError(errno, "setgroups");
  });
}

// The limits of this process's resources, which a session's modules change for the program (pam_limits).
class Limits {
 public:
  Limits() noexcept {
    for (std::size_t i = 0; i < kCount; ++i) Call(i, nullptr, values_[i].data());
  }

  // Gives this process its soft limits back, the ones that act, as far as the hard ones permit. Returns the
  // limits that have been changed.
  std::vector<port::ResourceLimit> Restore() const {
    const Limits changed;
    std::vector<port::ResourceLimit> limits;
    for (std::size_t i = 0; i < kCount; ++i) {
      if (changed.values_[i] == values_[i]) continue;
      const auto& [soft, hard] = changed.values_[i];
      limits.push_back({static_cast<int>(i), soft, hard});
      const std::array<std::uint64_t, 2> own{std::min(values_[i][0], hard), hard};
      Call(i, own.data(), nullptr);
    }
    return limits;
  }

 private:
  static constexpr std::size_t kCount = RLIMIT_NLIMITS;
  static void Call(std::size_t resource, const std::uint64_t* set, std::uint64_t* get) noexcept {
    ::syscall(SYS_prlimit64, 0, resource, set, get);
  }

  std::array<std::array<std::uint64_t, 2>, kCount> values_{};
};

// The service's keyring is replaced by an empty one. Returns its number, or -1.
long JoinKeyring() noexcept { return ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr); }
long OwnKeyring() noexcept {
  return ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
}

void AddVariables(std::vector<std::string>& environment, const std::vector<std::string>& added, bool keeps) {
  for (const std::string& pair : added) {
    const std::string name = pair.substr(0, pair.find('=') + 1);
    const auto known = std::find_if(environment.begin(), environment.end(), [&](const std::string& other) {
      return other.compare(0, name.size(), name) == 0;
    });
    if (known == environment.end()) {
      environment.push_back(pair);
    } else if (!keeps) {
      *known = pair;
    }
  }
}

// Whether the service's process does not wait for the program any longer.
bool IsServiceGone() noexcept {
  pollfd socket{kMonitorSocket, POLLIN, 0};
  return ::poll(&socket, 1, 0) != 0;
}

class Monitor {
 public:
  // The session is open.
  Monitor(SessionRequest request, const PamSession& session, const Limits& limits, long keyring)
      : stdio_(request.options.stdio) {
    if (ended_.get() < 0) throw ErrnoError(errno, "eventfd");
    ProgramOptions& options = request.options;
    AddVariables(options.environment, session.Environment(), options.session->keeps_environment);
    const std::vector<port::ResourceLimit> changed = limits.Restore();
    options.limits.insert(options.limits.begin(), changed.begin(), changed.end());
    Identity& identity = request.identity;
    // A token from which something has been removed does not get it back here.
    if (!identity.restricted) ReadGroups(identity.groups);
    std::sort(identity.groups.begin(), identity.groups.end());
    const TokenRef token =
        std::make_shared<LinuxToken>(LinuxToken::Source::kUser, request.level, std::move(identity));
    const bool has_keyring = keyring >= 0 && OwnKeyring() != keyring;
    if (IsServiceGone()) throw Error("ERR_SESSION_FAILED", "The process of the service has ended");
    program_ = ProgramOf(
        StartProcess(token, options, has_keyring ? ChildKind::kProgramWithKeyring : ChildKind::kProgram),
        options);
  }

  // Returns when the program has ended.
  ProgramExit Run() {
    for (std::size_t i = 0; i < stdio_.size(); ++i) {
      if (stdio_[i].kind != ProgramStdio::Kind::kNothing) ::close(stdio_[i].descriptor);
    }
    program_->Watch([this](ProgramExit exit) {
      const std::lock_guard<std::mutex> lock(mutex_);
      exit_ = exit;
      ::eventfd_write(ended_.get(), 1);
    });
    MessageWriter started;
    started(MonitorMessage::kStarted);
    started(program_->pid());
    // The service has given it up.
    if (!Send(kMonitorSocket, started.bytes())) program_->Kill(SIGKILL);
    std::array<pollfd, 2> waits{{{ended_.get(), POLLIN, 0}, {kMonitorSocket, POLLIN, 0}}};
    while (waits[0].revents == 0) {
      if (waits[1].revents != 0 && !Answer()) waits[1].fd = -1;
      if (::poll(waits.data(), waits.size(), -1) < 0) waits[0].revents = waits[1].revents = 0;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    return exit_;
  }

 private:
  // Sends a signal to the program. Returns false if the process of the service has ended: the program goes
  // on, as programs without a session do.
  bool Answer() noexcept {
    try {
      std::string bytes = Receive(kMonitorSocket, -1);
      if (bytes.empty()) return false;
      MessageReader request(std::move(bytes));
      MessageWriter reply;
      reply(MonitorMessage::kSignal);
      reply(request.Read<std::int64_t>());
      reply(program_->Kill(request.Read<int>()));
      return Send(kMonitorSocket, reply.bytes());
    } catch (const std::exception&) {
      return false;
    }
  }

  const std::vector<ProgramStdio> stdio_;
  const Descriptor ended_{::eventfd(0, EFD_CLOEXEC)};
  std::mutex mutex_;  // for what follows
  ProgramExit exit_;
  // The last member: its destructor waits for a call that uses the others.
  std::unique_ptr<port::Program> program_;
};

void RunSession() {
  SessionRequest request = ReadRequest();
  CloseOnExecute(request.options);
  const long keyring = JoinKeyring();
  const Limits limits;
  SetGroups(request.identity.groups);
  const Secret<char> none(0);
  PamSession session(request.options.session->service, request.user, none);
  session.Open();
  try {
    // The modules may have changed them.
    ChangeCredentials([] {});
    Monitor monitor(std::move(request), session, limits, keyring);
    const ProgramExit exit = monitor.Run();
    MessageWriter ended;
    ended(MonitorMessage::kEnded);
    ended(exit.code);
    ended(exit.signal);
    Send(kMonitorSocket, ended.bytes());
  } catch (...) {
    session.Close();
    throw;
  }
  session.Close();
}

}  // namespace
}  // namespace impersonate::linux_port

namespace impersonate::port {

void RunSessionMonitor() {
  using namespace linux_port;
  IgnoreSignals();
  try {
    RunSession();
  } catch (const Error& error) {
    Send(kMonitorSocket, ToBytes(error));
  } catch (const std::exception& error) {
    Send(kMonitorSocket, ToBytes(Error("ERR_INTERNAL", error.what())));
  }
  // Not what node does at its end.
  ::_exit(0);
}

}  // namespace impersonate::port
