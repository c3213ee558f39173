#include "linux/credentials/capability_drop.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "linux/credentials/capabilities.h"
#include "linux/errno_error.h"
#include "linux/path/descriptor.h"

#ifdef __x86_64__
// What the kernel returns to from a handler. The C library has one too, which it does not export.
extern "C" void impersonate_return_from_handler();
__asm__(
    ".text\n.hidden impersonate_return_from_handler\n.globl impersonate_return_from_handler\n"
    ".type impersonate_return_from_handler, @function\n"
    "impersonate_return_from_handler:\n  mov $15, %rax\n  syscall\n");
#endif

namespace impersonate::linux_port {
namespace {

// A signal that no thread blocks: sigfillset() and pthread_sigmask() of glibc and musl leave it out, as the
// C library uses it itself. glibc changes the ids of all threads by it; musl cancels threads, which Node
// does not.
constexpr int kSignal = 33;
// How long the threads may take. Only one that cannot handle a signal, in a call to a device or file server
// that hangs, takes long.
constexpr std::chrono::seconds kTimeLimit{10};

// The five sets of a thread: inheritable, permitted, effective, bounding, ambient.
using Sets = std::array<std::uint64_t, 5>;
constexpr std::size_t kEffective = 2, kBounding = 3;
constexpr const char* kFields[] = {"\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapBnd:", "\nCapAmb:"};

// Reads the sets from the file `status` of a folder. None if it cannot be read; throws Error if they are not
// in it.
std::optional<Sets> ReadSets(const std::string& folder) {
  const std::optional<std::string> text = ReadProcFile((folder + "/status").c_str());
  if (!text || text->empty()) return std::nullopt;
  Sets sets{};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const std::size_t at = text->find(kFields[i]);
    // Kernels before 4.3 have no ambient set.
    if (at == std::string::npos && i + 1 == sets.size()) continue;
    if (at == std::string::npos) throw ErrnoError(ENOTSUP, "open");
    sets[i] = std::strtoull(text->c_str() + at + std::string(kFields[i]).size(), nullptr, 16);
  }
  return sets;
}

Sets OwnSets() {
  const std::optional<Sets> sets = ReadSets("/proc/thread-self");
  if (sets) return *sets;
  throw Error("ENOENT", ENOENT, "open",
              "ENOENT: No such file or directory, open: /proc is not mounted, without which it cannot be "
              "shown that the capabilities are gone");
}

bool IsWithin(const Sets& sets, std::uint64_t keep) noexcept {
  for (const std::uint64_t set : sets) {
    if ((set & ~keep) != 0) return false;
  }
  return true;
}

struct DirectoryClose {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

std::vector<pid_t> ThreadIds() {
  const std::unique_ptr<DIR, DirectoryClose> directory(::opendir("/proc/self/task"));
  if (!directory) throw ErrnoError(errno, "opendir");
  std::vector<pid_t> threads;
  while (const dirent* entry = ::readdir(directory.get())) {
    const pid_t thread = std::atoi(entry->d_name);
    if (thread > 0) threads.push_back(thread);
  }
  return threads;
}

// For the handler. One drop runs at a time: the gates are locked.
std::atomic<std::uint64_t> kept_set{0};
std::atomic<std::size_t> handled{0};

void Handle(int) {
  const int interrupted = errno;
  LimitCapabilitySets(kept_set.load());
  ++handled;
  errno = interrupted;
}

// The kernel's structure, as the C library does not set an action for this signal.
struct Action {
  void (*handler)(int) = nullptr;
  unsigned long flags = 0;
  void (*restorer)() = nullptr;
  std::uint64_t mask[2] = {};
};

// Handles the signal while it lives. Before it ends, every signal sent must have been handled.
class SignalHandled {
 public:
  SignalHandled() {
    Action action;
    action.handler = Handle;
    action.flags = SA_RESTART | SA_ONSTACK;
#ifdef __x86_64__
    constexpr unsigned long kHasRestorer = 0x04000000;
    action.flags |= kHasRestorer;
    action.restorer = impersonate_return_from_handler;
#endif
    if (Set(&action, &before_) != 0) throw ErrnoError(errno, "sigaction");
  }
  ~SignalHandled() { Set(&before_, nullptr); }
  SignalHandled(const SignalHandled&) = delete;
  SignalHandled& operator=(const SignalHandled&) = delete;

 private:
  static long Set(const Action* action, Action* before) noexcept {
    return ::syscall(SYS_rt_sigaction, kSignal, action, before, std::size_t{_NSIG / 8});
  }

  Action before_;
};

[[noreturn]] void AbortDrop(const std::string& reason) noexcept {
  Abort("a part of the process's capabilities has been dropped, and the rest cannot be: " + reason);
}

bool HasEnded(const std::string& folder) noexcept {
  return ::access(folder.c_str(), F_OK) != 0 && errno == ENOENT;
}

enum class Threads { kWithin, kUnknown, kWithOthers };

// Reads the sets of all threads. Sends the signal to each that has another capability, once. A thread that
// cannot be read, and has not ended, is unknown.
Threads CheckThreads(std::uint64_t keep, std::set<pid_t>& signalled) {
  Threads state = Threads::kWithin;
  for (const pid_t thread : ThreadIds()) {
    const std::string folder = "/proc/self/task/" + std::to_string(thread);
    const std::optional<Sets> sets = ReadSets(folder);
    if (sets ? IsWithin(*sets, keep) : HasEnded(folder)) continue;
    if (!sets && state == Threads::kWithin) state = Threads::kUnknown;
    if (!sets) continue;
    state = Threads::kWithOthers;
    if (signalled.insert(thread).second) ::syscall(SYS_tgkill, ::getpid(), thread, kSignal);
  }
  return state;
}

// A thread that starts has the sets of its creator. One that the first check has not seen is seen by the
// second.
void DropOnOtherThreads(std::uint64_t keep) {
  kept_set = keep;
  handled = 0;
  const SignalHandled signal;
  std::set<pid_t> signalled;
  const auto end = std::chrono::steady_clock::now() + kTimeLimit;
  for (int in_a_row = 0; in_a_row < 2;) {
    const std::size_t sent = signalled.size(), done = handled;
    const Threads threads = CheckThreads(keep, signalled);
    in_a_row = threads == Threads::kWithin ? in_a_row + 1 : 0;
    if (in_a_row > 0) continue;
    if (threads == Threads::kWithOthers && sent > 0 && done == sent && signalled.size() == sent) {
      AbortDrop("a system call filter or a security module denies it on a thread");
    }
    if (std::chrono::steady_clock::now() > end) AbortDrop("a thread still has others after 10 seconds");
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

// Throws if the first steps would fail: these calls change nothing.
void RequireDroppable(const Sets& now, std::uint64_t keep) {
  constexpr std::uint64_t kSetPCap = std::uint64_t{1} << 8;
  if ((now[kBounding] & ~keep) != 0 && (now[kEffective] & kSetPCap) == 0) {
    throw Error(
        "EPERM", EPERM, "prctl",
        "EPERM: Operation not permitted, prctl: the bounding set cannot be reduced without CAP_SETPCAP. "
        "Reduce it where the service is started (CapabilityBoundingSet=), or give the service "
        "CAP_SETPCAP too, which is dropped with the others (docs/rights.md)");
  }
  Capabilities same = ReadCapabilities();
  same.ambient = 0;  // stay as they are
  if (const char* failed = WriteCapabilities(same)) throw ErrnoError(errno, failed);
  ThreadIds();
}

// On the calling thread, where a failure may have changed nothing.
void DropHere(const Sets& before, std::uint64_t keep) {
  const char* const failed = LimitCapabilitySets(keep);
  const int number = errno;
  const Sets after = OwnSets();
  if (!failed && IsWithin(after, keep)) return;
  if (after != before) AbortDrop(failed ? failed : "they read back otherwise");
  if (failed) throw ErrnoError(number, failed);
  throw Error("ERR_IMPERSONATION_DOWNGRADED", EPERM, "capset",
              "The kernel accepted the change of capabilities but they read back as before: a system call "
              "filter or sandbox may be faking the calls");
}

}  // namespace

void DropCapabilities(std::uint64_t keep) {
  const Sets before = OwnSets();
  RequireDroppable(before, keep);
  if (!IsWithin(before, keep)) DropHere(before, keep);
  try {
    DropOnOtherThreads(keep);
  } catch (const std::exception& error) {
    AbortDrop(error.what());
  }
}

}  // namespace impersonate::linux_port
