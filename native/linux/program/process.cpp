#include "linux/program/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <string>
#include <utility>

#include "core/port/thread.h"
#include "linux/errno_error.h"
#include "linux/program/watcher.h"
#include "linux/thread/signals.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

namespace impersonate::linux_port {
namespace {

constexpr std::size_t kStackSize = 256 * 1024, kGuardSize = 64 * 1024;
// <sys/wait.h> of older C libraries has no P_PIDFD, <sched.h> no CLONE_PIDFD.
constexpr int kPidfd = 3;
constexpr unsigned kClonePidfd = 0x1000;

// How long a program may take to be executed, and how often it is checked for having been stopped.
constexpr std::chrono::seconds kTimeLimit{10};
constexpr int kCheckEvery = 50;
// How long a killed process is waited for.
constexpr int kDeathLimit = 1000;

long WaitFor(int descriptor, siginfo_t& info, int options) noexcept {
  info.si_pid = 0;
  return ::syscall(SYS_waitid, kPidfd, descriptor, &info, options, nullptr);
}

long SendSignal(int descriptor, int signal) noexcept {
  return ::syscall(SYS_pidfd_send_signal, descriptor, signal, nullptr, 0);
}

// Throws unless the thread can make the calls on which a program depends: calls that change nothing and fail
// for their arguments.
void RequireSystemCalls() {
  const auto require = [](bool available, const char* call) {
    if (available) return;
    const Error plain = ErrnoError(errno, call);
    throw Error(plain.code(), plain.number(), call,
                std::string(plain.what()) +
                    ": programs need Linux 5.9 or later, and a system call filter that allows this call");
  };
  siginfo_t info{};
  require(::syscall(SYS_close_range, ~0U, ~0U, 0) == 0, "close_range");
  require(SendSignal(-1, 0) != 0 && errno == EBADF, "pidfd_send_signal");
  require(WaitFor(-1, info, WEXITED | WNOHANG) != 0 && (errno == EBADF || errno == EINVAL), "waitid");
}

// Blocks every signal on the calling thread, the C library's own included, while it lives: a handler must not
// run in the new process, nor on the thread that shares its thread-local storage.
class EverySignalBlocked {
 public:
  EverySignalBlocked() {
    constexpr std::uint64_t kAll[2] = {~std::uint64_t{0}, ~std::uint64_t{0}};
    if (::syscall(SYS_rt_sigprocmask, SIG_SETMASK, kAll, before_.data(), kSize) == 0) return;
    throw ErrnoError(errno, "sigprocmask");
  }
  ~EverySignalBlocked() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, before_.data(), nullptr, kSize); }
  EverySignalBlocked(const EverySignalBlocked&) = delete;
  EverySignalBlocked& operator=(const EverySignalBlocked&) = delete;

 private:
  static constexpr std::size_t kSize = _NSIG / 8;
  std::array<std::uint64_t, 2> before_{};
};

// The calling thread acts as the user while this lives. It has the process identity before and after.
class UserScope {
 public:
  explicit UserScope(const Token& user) : captured_(port::NewCaptured()) {
    port::Capture(*captured_);
    try {
      port::Apply(*captured_, nullptr, user);
    } catch (...) {
      port::Forget(*captured_);
      throw;
    }
  }
  ~UserScope() { port::Restore(*captured_); }
  UserScope(const UserScope&) = delete;
  UserScope& operator=(const UserScope&) = delete;

 private:
  const port::CapturedPtr captured_;
};

port::ProgramExit ExitOf(const siginfo_t& info) noexcept {
  port::ProgramExit result;
  if (info.si_code == CLD_EXITED) {
    result.code = info.si_status;
  } else {
    result.signal = info.si_status;
  }
  return result;
}

}  // namespace

ChildStack::ChildStack()
    : lowest_(::mmap(nullptr, kGuardSize + kStackSize, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0)) {
  if (lowest_ == MAP_FAILED) throw ErrnoError(errno, "mmap");
  ::mprotect(lowest_, kGuardSize, PROT_NONE);
}

ChildStack::~ChildStack() { ::munmap(lowest_, kGuardSize + kStackSize); }

void* ChildStack::top() const noexcept { return static_cast<char*>(lowest_) + kGuardSize + kStackSize; }

ProgramProcess::ProgramProcess(TokenRef token, std::unique_ptr<ChildPlan> plan)
    : token_(std::move(token)), plan_(std::move(plan)), stack_(std::make_unique<ChildStack>()) {}

std::shared_ptr<ProgramProcess> ProgramProcess::Start(TokenRef token, std::unique_ptr<ChildPlan> plan,
                                                      ChildFailure& failure) {
  RequireSystemCalls();
  ProgramWatcher& watcher = ProgramWatcher::Get();
  const std::shared_ptr<ProgramProcess> process(new ProgramProcess(std::move(token), std::move(plan)));
  const EverySignalBlocked blocked;
  const Descriptor report = process->Create();
  try {
    watcher.Add(process);
  } catch (...) {
    process->KillBeforeProgram();
    process->Reap();
    throw;
  }
  if (const int error = process->WaitForProgram(report.get())) {
    failure = {ChildStep::kExecute, error};
    process->KillBeforeProgram();
    watcher.Watch(*process);
    return nullptr;
  }
  failure = {process->plan_->failed_step.load(), process->plan_->failed_error.load()};
  if (failure.step != ChildStep::kNone) {
    watcher.Remove(*process);
    process->Reap();
    return nullptr;
  }
  process->plan_ = nullptr;
  process->stack_ = nullptr;
  return process;
}

Descriptor ProgramProcess::Create() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw ErrnoError(errno, port::kProgramCall);
  Descriptor reading(ends[0]);
  const Descriptor writing(ends[1]);
  plan_->report = writing.get();
  int descriptor = -1;
  pid_ = ::clone(RunChild, stack_->top(), CLONE_VM | kClonePidfd | SIGCHLD, plan_.get(), &descriptor);
  if (pid_ < 0) throw ErrnoError(errno, errno == EAGAIN || errno == ENOMEM ? port::kProgramCall : "clone");
  descriptor_ = Descriptor(descriptor);
  return reading;
}

int ProgramProcess::WaitForProgram(int report) const noexcept {
  const auto deadline = std::chrono::steady_clock::now() + kTimeLimit;
  pollfd end{report, 0, 0};
  while (true) {
    const int ready = ::poll(&end, 1, kCheckEvery);
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return errno;
    if (IsStopped()) return ECANCELED;
    if (std::chrono::steady_clock::now() > deadline) return ETIMEDOUT;
  }
}

bool ProgramProcess::IsStopped() const noexcept {
  siginfo_t info{};
  return WaitFor(descriptor_.get(), info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

// The process has either ids of this one or the user's.
void ProgramProcess::KillBeforeProgram() noexcept {
  if (SendSignal(descriptor_.get(), SIGKILL) != 0) Kill(SIGKILL, false);
  pollfd ended{descriptor_.get(), POLLIN, 0};
  ::poll(&ended, 1, kDeathLimit);
}

int ProgramProcess::Kill(int signal, bool group) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (reaped_) return ESRCH;
  try {
    const UserScope as_user(*token_);
    const long sent = group ? ::kill(-pid_, signal) : SendSignal(descriptor_.get(), signal);
    return sent == 0 ? 0 : errno;
  } catch (const Error& error) {
    return error.number() != 0 ? error.number() : EPERM;
  } catch (const std::exception&) {
    return ENOMEM;
  }
}

void ProgramProcess::OnEnd(std::function<void(port::ProgramExit)> on_end) {
  const std::lock_guard<std::mutex> lock(mutex_);
  on_end_ = std::move(on_end);
  if (reaped_ && on_end_) on_end_(exit_);
}

void ProgramProcess::Reap() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  siginfo_t info{};
  long result = -1;
  do {
    result = WaitFor(descriptor_.get(), info, WEXITED);
  } while (result != 0 && errno == EINTR);
  reaped_ = true;
  descriptor_ = Descriptor(-1);
  // Other code of this process has waited for it: negative, as libuv's numbers are.
  exit_ = result == 0 ? ExitOf(info) : port::ProgramExit{-errno, 0};
  plan_ = nullptr;
  stack_ = nullptr;
  if (on_end_) on_end_(exit_);
}

}  // namespace impersonate::linux_port
