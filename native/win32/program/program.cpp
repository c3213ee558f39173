#include "core/port/program.h"

#include <windows.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port/profile.h"
#include "win32/handle.h"
#include "win32/last_error.h"
#include "win32/program/creation.h"
#include "win32/program/environment_block.h"
#include "win32/program/job.h"
#include "win32/program/program_error.h"
#include "win32/program/secondary_logon.h"
#include "win32/program/stdio.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::Job;
using win32::UniqueHandle;

// libuv's numbers: the C runtime lacks two of them.
constexpr int kInterrupt = 2, kQuit = 3, kKill = 9, kTerminate = 15, kSignals = 23;

bool HasEnded(HANDLE process) noexcept { return WaitForSingleObject(process, 0) == WAIT_OBJECT_0; }

// What lasts as long as the program runs, even if the Program is destroyed before.
struct Surroundings {
  Job job;
  std::unique_ptr<Profile> profile;
  UniqueHandle process;

  // The program has ended.
  void Release() noexcept {
    job.Release();
    profile.reset();
  }
};

// A call of `end(data)` on a thread of the system's pool, when the program has ended.
class Wait {
 public:
  using End = void (*)(void* data);

  Wait(End end, void* data) : end_(end), data_(data), wait_(CreateThreadpoolWait(&OnEnd, this, nullptr)) {
    if (wait_ == nullptr) win32::ThrowLastError("CreateThreadpoolWait");
  }
  // There is no call after this, but that from which it is called.
  ~Wait() {
    SetThreadpoolWait(wait_, nullptr, nullptr);
    if (thread_ != GetCurrentThreadId()) WaitForThreadpoolWaitCallbacks(wait_, TRUE);
    CloseThreadpoolWait(wait_);
  }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  void Begin(HANDLE process) noexcept { SetThreadpoolWait(wait_, process, nullptr); }

 private:
  static void CALLBACK OnEnd(PTP_CALLBACK_INSTANCE, void* data, PTP_WAIT, TP_WAIT_RESULT) {
    auto* const wait = static_cast<Wait*>(data);
    wait->thread_ = GetCurrentThreadId();
    // Whatever ran on the thread before. It cannot fail by an exception, which nothing here could catch.
    win32::RestoreCurrentThreadToken(nullptr);
    wait->end_(wait->data_);
  }

  const End end_;
  void* const data_;
  const PTP_WAIT wait_;
  std::atomic<DWORD> thread_{0};
};

// Releases them when the program has ended.
class Afterwards {
 public:
  // If the end cannot be waited for, keeps them until this process ends.
  static void Release(std::unique_ptr<Surroundings> surroundings) noexcept {
    Surroundings* const kept = surroundings.release();
    try {
      // Owns itself until the end.
      auto* const after = new Afterwards(kept);
      after->wait_.Begin(kept->process.get());
    } catch (const std::exception&) {
    }
  }

 private:
  explicit Afterwards(Surroundings* surroundings) : wait_(&OnEnd, this), surroundings_(surroundings) {}

  static void OnEnd(void* data) {
    const std::unique_ptr<Afterwards> after(static_cast<Afterwards*>(data));
    after->surroundings_->Release();
  }

  Wait wait_;
  std::unique_ptr<Surroundings> surroundings_;
};

class Win32Program final : public Program {
 public:
  Win32Program(std::unique_ptr<Surroundings> surroundings, bool tree)
      : tree_(tree), surroundings_(std::move(surroundings)), wait_(std::make_unique<Wait>(&OnEnd, this)) {}

  ~Win32Program() override {
    wait_.reset();
    if (process() != nullptr && !released_) Afterwards::Release(std::move(surroundings_));
  }

  // Lets the process run, and takes this process's ends of its pipes.
  void Start(win32::CreatedProcess created, win32::ProgramHandles& handles) {
    pid_ = static_cast<int>(created.id());
    surroundings_->process = created.Start();
    descriptors_ = handles.TakeDescriptors();
  }

  void Watch(std::function<void(ProgramExit)> ended) override {
    ended_ = std::move(ended);
    wait_->Begin(process());
  }

  int Kill(int signal) noexcept override {
    if (signal < 0 || signal >= kSignals) return EINVAL;
    if (HasEnded(process())) return ESRCH;
    if (signal == 0) return 0;
    if (signal != kInterrupt && signal != kQuit && signal != kKill && signal != kTerminate) return ENOSYS;
    // Before the end, which another thread reports.
    const int before = signal_.exchange(signal);
    const bool done = tree_ ? surroundings_->job.Terminate() : TerminateProcess(process(), 1) != FALSE;
    if (done) return 0;
    signal_ = before;
    return HasEnded(process()) ? ESRCH : EPERM;
  }

 private:
  HANDLE process() const noexcept { return surroundings_->process.get(); }

  static void OnEnd(void* data) { static_cast<Win32Program*>(data)->End(); }

  void End() {
    surroundings_->Release();
    released_ = true;
    DWORD code = 0;
    GetExitCodeProcess(process(), &code);
    const auto ended = std::move(ended_);
    // May destroy this object.
    ended({static_cast<std::int64_t>(code), signal_});
  }

  const bool tree_;
  std::unique_ptr<Surroundings> surroundings_;
  std::function<void(ProgramExit)> ended_;
  // Made before the program starts, so that nothing can fail after that.
  std::unique_ptr<Wait> wait_;
  std::atomic<bool> released_{false};
  std::atomic<int> signal_{0};
};

std::unique_ptr<Surroundings> SurroundingsOf(const ProgramOptions& options) {
  return std::make_unique<Surroundings>(
      Surroundings{Job(!options.detached, options.breakaway), nullptr, nullptr});
}

std::unique_ptr<Program> Started(win32::CreatedProcess created, win32::ProgramHandles& handles,
                                 std::unique_ptr<Surroundings> surroundings, bool tree) {
  auto program = std::make_unique<Win32Program>(std::move(surroundings), tree);
  program->Start(std::move(created), handles);
  return program;
}

}  // namespace

std::unique_ptr<Program> StartProgram(const TokenRef& token, const ProgramOptions& options) {
  const win32::AsProcess as_process;
  win32::ProgramHandles handles(options.stdio);
  auto surroundings = SurroundingsOf(options);
  if (options.profile) surroundings->profile = LoadProfile(token);
  win32::CreatedProcess created = win32::CreateProgram(token, options, handles, surroundings->job);
  return Started(std::move(created), handles, std::move(surroundings), options.tree);
}

std::unique_ptr<Program> StartProgramWithLogon(const Logon& logon, const ProgramOptions& options) {
  const win32::AsProcess as_process;
  win32::ProgramHandles handles(options.stdio);
  auto surroundings = SurroundingsOf(options);
  win32::CreatedProcess created = win32::CreateWithLogon(logon, options, handles, surroundings->job);
  return Started(std::move(created), handles, std::move(surroundings), options.tree);
}

void RunSessionMonitor() {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "PAM sessions are available on Linux only");
}

std::vector<std::string> LoginEnvironment(const Token& token) {
  const win32::AsProcess as_process;
  std::vector<std::string> variables;
  for (const std::wstring& variable : win32::EnvironmentOfUser(win32::Win32Token::From(token).handle())) {
    variables.push_back(win32::ToUtf8(variable));
  }
  return variables;
}

}  // namespace impersonate::port
