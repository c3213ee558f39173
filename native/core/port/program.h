#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/port/logon.h"
#include "core/token.h"

namespace impersonate::port {

// What a program gets as one of its descriptors.
struct ProgramStdio {
  enum class Kind {
    kNothing,     // the null device, or, above 2, no descriptor
    kDescriptor,  // one of this process
    kPipe,        // a pipe, or a pair of sockets, whose other end is this process's
  };
  Kind kind = Kind::kNothing;
  int descriptor = -1;
  // Of a pipe: whether the program's end is for overlapped work (Windows).
  bool overlapped = false;
};

// The limit of a resource of a program, by its number (Linux).
struct ResourceLimit {
  int resource = 0;
  std::uint64_t soft = 0, hard = 0;
};

// A PAM session in which a program runs (Linux), held by a process of its own: the monitor.
struct ProgramSession {
  std::string service;
  // The program that calls RunSessionMonitor(), with its arguments, and its environment.
  std::vector<std::string> monitor, monitor_environment;
  // Whether the session's variables do not replace those of the program's environment.
  bool keeps_environment = false;
};

// All text is UTF-8.
struct ProgramOptions {
  // A path, or a name that is looked up in PATH of `environment`.
  std::string file;
  // The first one is the name that the program sees.
  std::vector<std::string> arguments;
  // This process's working directory if it is not given.
  std::optional<std::string> cwd;
  // Of the form NAME=value.
  std::vector<std::string> environment;
  // Of a program with a logon: it has the user's environment at login, which the system makes, and a name is
  // looked up in PATH of this process.
  bool login_environment = false;
  std::vector<ProgramStdio> stdio;
  // In a session of its own, and not ended with this process.
  bool detached = false;
  // Kill() ends all that the program has started, too.
  bool tree = false;

  // Windows.
  bool hide_window = false;
  bool verbatim_arguments = false;
  // The programs that it starts may leave its job.
  bool breakaway = false;
  // Loads the user's profile for as long as the program runs.
  bool profile = false;
  // "window station\desktop"; if it is empty, the one that Windows gives to the user's logon session, and not
  // the one of this process.
  std::string desktop;

  // Linux.
  // Without it, programs of a token from which groups or privileges have been removed.
  std::optional<bool> no_new_privileges;
  std::vector<ResourceLimit> limits;
  std::optional<ProgramSession> session;
};

struct ProgramExit {
  // On Windows 0xC0000142 (STATUS_DLL_INIT_FAILED) means that the user has no access to the desktop.
  std::int64_t code = 0;
  // The number of the signal that ended it; 0 if it exited.
  int signal = 0;
};

// A program that runs as a user. Destroying it does not end the program.
class Program {
 public:
  virtual ~Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  int pid() const noexcept { return pid_; }

  // This process's ends of the pipes, by index of stdio; -1 where there is none. The caller takes them.
  std::vector<int> TakeDescriptors() noexcept { return std::move(descriptors_); }

  // Calls `ended` once, on another thread and with the process identity, when the program has ended. At most
  // one watch; the destructor waits for a call that is under way, and there is none after it.
  virtual void Watch(std::function<void(ProgramExit)> ended) = 0;

  // Sends the signal as the user, by a handle that no other process can get. Returns 0 or
  // an errno, which is ESRCH for a program that has ended.
  virtual int Kill(int signal) noexcept = 0;

 protected:
  Program() = default;

  int pid_ = 0;
  std::vector<int> descriptors_;
};

// The `syscall` of an Error that is about the program, and not about what makes it impossible to start any
// program as the user. Its number is the errno of its code on both systems: ENOENT, EACCES, E2BIG, EAGAIN,
// ...
inline constexpr char kProgramCall[] = "spawn";

// Starts the program as the token's user, on the calling thread, which has the process identity before and
// after. Throws Error.
std::unique_ptr<Program> StartProgram(const TokenRef& token, const ProgramOptions& options);

// The body of a session's monitor: opens the session, starts the program, and closes the session when the
// program has ended. Call it on the main thread of a process that StartProgram has started for this.
[[noreturn]] void RunSessionMonitor();

// Starts the program as the user of a name and a password, for which this process needs no token
// (CreateProcessWithLogonW). `logon.type` is kInteractive, or kNewCredentials: then the program is this
// process's user on this computer. Waits for the security authority, on the calling thread. Throws Error.
std::unique_ptr<Program> StartProgramWithLogon(const Logon& logon, const ProgramOptions& options);

// The environment that a login gives the token's user, of the form NAME=value.
std::vector<std::string> LoginEnvironment(const Token& token);

}  // namespace impersonate::port
