#include "linux/session/session_program.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "linux/errno_error.h"
#include "linux/pam/pam_library.h"
#include "linux/program/start.h"
#include "linux/program/watcher.h"
#include "linux/session/message.h"
#include "linux/token/passwd.h"

namespace impersonate::linux_port {
namespace {

using port::ProgramExit;
using port::ProgramOptions;
using port::ProgramStdio;

// How long a session may take to open, and a signal to be sent, in milliseconds.
constexpr int kOpenLimit = 60'000, kSignalLimit = 10'000;

Error SessionFailed(int number, const std::string& reason) {
  return Error("ERR_SESSION_FAILED", number, "pam_open_session",
               "The program was not started in a PAM session: " + reason);
}

// PAM uses the rules of `other` for a service without a file.
void RequireService(const std::string& service) {
  struct stat found{};
  if (::stat("/etc/pam.d", &found) != 0) return;  // the rules are in /etc/pam.conf
  for (const char* folder : {"/etc/pam.d/", "/usr/lib/pam.d/", "/usr/etc/pam.d/", "/usr/share/pam.d/"}) {
    if (::stat((folder + service).c_str(), &found) == 0) return;
  }
  throw Error("ERR_UNKNOWN_SERVICE", ENOENT, "stat",
              "There is no PAM service '" + service + "': it would be a file in /etc/pam.d");
}

// A program of the session that is running, by its monitor.
class SessionProgram final : public port::Program {
 public:
  SessionProgram(StartedProcess monitor, Descriptor socket, int pid)
      : monitor_(std::move(monitor.process)), socket_(std::move(socket)) {
    pid_ = pid;
    const std::size_t count = monitor.ends.size();
    for (std::size_t i = kFirstStdio; i < count; ++i) descriptors_.push_back(monitor.ends[i].Release());
  }

  ~SessionProgram() override {
    monitor_->OnEnd(nullptr);
    ProgramWatcher::Get().Watch(*monitor_);
    for (const int descriptor : descriptors_) {
      if (descriptor >= 0) ::close(descriptor);
    }
  }

  // The monitor ends after the program, when it has closed the session.
  void Watch(std::function<void(ProgramExit)> ended) override {
    monitor_->OnEnd([this, ended = std::move(ended)](ProgramExit) { ended(Exit()); });
    ProgramWatcher::Get().Watch(*monitor_);
  }

  int Kill(int signal) noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    try {
      MessageWriter request;
      request(++signals_);
      request(signal);
      if (exit_ || !Send(socket_.get(), request.bytes())) return ESRCH;
      while (const std::optional<int> error = ReadMessage(kSignalLimit)) {
        if (*error >= 0) return *error;
      }
      return ESRCH;
    } catch (const Error& error) {
      return error.number() != 0 ? error.number() : EPERM;
    } catch (const std::exception&) {
      return ENOMEM;
    }
  }

 private:
  // Reads a message. None if there are no more; -1 unless it is the result of the last signal.
  std::optional<int> ReadMessage(int milliseconds) {
    std::string bytes = Receive(socket_.get(), milliseconds);
    if (bytes.empty()) return std::nullopt;
    MessageReader message(std::move(bytes));
    const auto kind = message.Read<MonitorMessage>();
    if (kind == MonitorMessage::kEnded) {
      ProgramExit exit;
      message(exit.code);
      message(exit.signal);
      exit_ = exit;
      return std::nullopt;
    }
    const bool is_last = kind == MonitorMessage::kSignal && message.Read<std::int64_t>() == signals_;
    return is_last ? message.Read<int>() : -1;
  }

  // How the program has ended. If its monitor has been killed that is unknown: negative, as
  // libuv's numbers are.
  ProgramExit Exit() noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    try {
      while (!exit_ && ReadMessage(0)) continue;
    } catch (const std::exception&) {
      // There are no more.
    }
    return exit_.value_or(ProgramExit{-ESRCH, 0});
  }

  const std::shared_ptr<ProgramProcess> monitor_;
  std::mutex mutex_;  // for what follows
  const Descriptor socket_;
  std::int64_t signals_ = 0;
  std::optional<ProgramExit> exit_;
};

// A file in memory: arguments and variables may be secrets, and large.
Descriptor FileOf(const std::string& bytes) {
  // Older C libraries have no function for it.
  constexpr unsigned kCloseOnExecute = 1;
  Descriptor file(static_cast<int>(::syscall(SYS_memfd_create, "impersonate-session", kCloseOnExecute)));
  if (file.get() < 0) throw ErrnoError(errno, "memfd_create");
  for (std::size_t written = 0; written < bytes.size();) {
    const ssize_t size = ::write(file.get(), bytes.data() + written, bytes.size() - written);
    if (size < 0 && errno != EINTR) throw ErrnoError(errno, "write");
    if (size > 0) written += static_cast<std::size_t>(size);
  }
  return file;
}

std::string RequestOf(const std::string& user, const Token& token, const ProgramOptions& options) {
  SessionRequest request;
  request.user = user;
  request.level = token.level();
  request.identity = LinuxToken::From(token).identity();
  request.options = options;
  int next = kFirstStdio;
  for (ProgramStdio& stdio : request.options.stdio) {
    const int descriptor = next++;
    if (stdio.kind == ProgramStdio::Kind::kNothing) continue;
    stdio.kind = ProgramStdio::Kind::kDescriptor;
    stdio.descriptor = descriptor;
  }
  return ToBytes(request);
}

// The monitor's own standard streams are the null device: node changes what it has there.
ProgramOptions MonitorOptions(const ProgramOptions& options, int socket, int request) {
  const port::ProgramSession& session = *options.session;
  ProgramOptions monitor;
  monitor.file = session.monitor.empty() ? "" : session.monitor.front();
  monitor.arguments = session.monitor;
  monitor.environment = session.monitor_environment;
  monitor.stdio.resize(kMonitorSocket);
  for (const int descriptor : {socket, request}) {
    ProgramStdio stdio;
    stdio.kind = ProgramStdio::Kind::kDescriptor;
    stdio.descriptor = descriptor;
    monitor.stdio.push_back(stdio);
  }
  monitor.stdio.insert(monitor.stdio.end(), options.stdio.begin(), options.stdio.end());
  return monitor;
}

// Returns the program's id. Throws what the monitor reports.
int WaitForStart(int socket) {
  std::string bytes;
  try {
    bytes = Receive(socket, kOpenLimit);
  } catch (const Error& error) {
    throw SessionFailed(error.number(), "its modules have taken too long, or its monitor does not run");
  }
  if (bytes.empty()) throw SessionFailed(0, "its monitor has ended, by a module's fault, or by a signal");
  MessageReader message(std::move(bytes));
  if (message.Read<MonitorMessage>() == MonitorMessage::kFailed) throw ErrorFrom(message);
  return message.Read<int>();
}

}  // namespace

std::unique_ptr<port::Program> StartInSession(const TokenRef& token, const ProgramOptions& options) {
  const uid_t uid = LinuxToken::From(*token).identity().uid;
  const std::optional<PasswdEntry> account = FindUserByUid(uid);
  if (!account) {
    throw Error("ERR_UNKNOWN_USER", 0, "getpwuid_r",
                "A PAM session needs an account, and there is none with the uid " + std::to_string(uid));
  }
  PamLibrary::Get();
  RequireService(options.session->service);
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    throw ErrnoError(errno, port::kProgramCall);
  }
  Descriptor socket(pair[0]);
  StartedProcess monitor;
  {
    const Descriptor other(pair[1]);
    const Descriptor request = FileOf(RequestOf(account->name, *token, options));
    monitor = StartProcess(token, MonitorOptions(options, other.get(), request.get()), ChildKind::kService);
  }
  const std::shared_ptr<ProgramProcess> process = monitor.process;
  try {
    const int pid = WaitForStart(socket.get());
    return std::make_unique<SessionProgram>(std::move(monitor), std::move(socket), pid);
  } catch (...) {
    // It ends when it finds the socket closed.
    ProgramWatcher::Get().Watch(*process);
    throw;
  }
}

}  // namespace impersonate::linux_port
