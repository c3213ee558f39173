#include "fault.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "call_failed.h"
#include "handle.h"
#include "identity.h"
#include "interposer.h"
#include "redirects.h"

namespace seam {
namespace {

class Fault : public Interception {
 public:
  // A faulty call runs `instead`; if that is null, it fails.
  Fault(FaultSpan span, DWORD error, std::uint64_t returns, void* instead)
      : span_(span),
        error_(error),
        interposer_(Choose, this, returns),
        wrong_(instead != nullptr ? instead : interposer_.Failure()) {}

  void* Entry() const noexcept override { return interposer_.Entry(); }
  void SetTarget(void* target) noexcept override { target_ = target; }
  std::uint32_t calls() const noexcept { return calls_; }

 private:
  static void* Choose(void* context) {
    auto* const fault = static_cast<Fault*>(context);
    const std::uint32_t call = fault->calls_++;
    const bool wrong = call >= fault->span_.skip && call - fault->span_.skip < fault->span_.times;
    if (!wrong) return fault->target_;
    SetLastError(fault->error_);
    return fault->wrong_;
  }

  const FaultSpan span_;
  const DWORD error_;
  std::atomic<std::uint32_t> calls_{0};
  std::atomic<void*> target_{nullptr};
  const Interposer interposer_;
  void* const wrong_;
};

// One for the process, like the import tables.
struct Faults {
  std::mutex mutex;
  std::map<std::pair<HMODULE, std::string>, Fault*> active;
};

Faults& TheFaults() {
  static Faults faults;
  return faults;
}

std::vector<std::string> Install(HMODULE module, const std::string& function, bool late,
                                 std::unique_ptr<Fault> fault) {
  Faults& faults = TheFaults();
  const std::lock_guard<std::mutex> lock(faults.mutex);
  // Never destroyed: a thread may still be about to call through it after it is removed.
  Fault* const kept = fault.release();
  std::vector<std::string> labels = InterceptImport(module, function, *kept, late);
  faults.active[{module, function}] = kept;
  return labels;
}

// A copy of the calling thread's token at level Identification.
Handle WeakCopy() {
  const EffectiveToken strong = OpenEffectiveToken(TOKEN_QUERY | TOKEN_DUPLICATE);
  HANDLE weak = nullptr;
  if (!DuplicateTokenEx(strong.handle.get(), TOKEN_QUERY | TOKEN_IMPERSONATE, nullptr, SecurityIdentification,
                        TokenImpersonation, &weak)) {
    ThrowLastError("DuplicateTokenEx");
  }
  return Handle(weak);
}

BOOL WINAPI DowngradingSetThreadToken(PHANDLE thread, HANDLE token) {
  return ReturnWin32Bool([&]() -> DWORD {
    // The caller's handle may not allow a copy, so the copy is made from the thread's token.
    if (!SetThreadToken(thread, token)) return GetLastError();
    if (token == nullptr) return ERROR_SUCCESS;
    const Handle weak = WeakCopy();
    return SetThreadToken(thread, weak.get()) ? ERROR_SUCCESS : GetLastError();
  });
}

std::vector<std::string> InstallSubstitute(HMODULE module, decltype(&SetThreadToken) function,
                                           FaultSpan span) {
  const Substitute substitute = Replace<decltype(SetThreadToken)>("SetThreadToken", function);
  auto fault = std::make_unique<Fault>(span, ERROR_SUCCESS, TRUE, substitute.function);
  return Install(module, substitute.name, false, std::move(fault));
}

// One for the process: a substitute does not know which module calls it.
std::atomic<HANDLE>& SwappedToken() {
  static std::atomic<HANDLE> token{nullptr};
  return token;
}

BOOL WINAPI SwappingSetThreadToken(PHANDLE thread, HANDLE token) {
  return SetThreadToken(thread, token == nullptr ? nullptr : SwappedToken().load());
}

}  // namespace

std::vector<std::string> FailImport(HMODULE module, const std::string& function, DWORD error,
                                    std::uint64_t returns, FaultSpan span, bool late) {
  return Install(module, function, late, std::make_unique<Fault>(span, error, returns, nullptr));
}

std::vector<std::string> DowngradeThreadToken(HMODULE module, FaultSpan span) {
  return InstallSubstitute(module, DowngradingSetThreadToken, span);
}

std::vector<std::string> SwapThreadToken(HMODULE module, HANDLE token, FaultSpan span) {
  SwappedToken() = token;
  return InstallSubstitute(module, SwappingSetThreadToken, span);
}

std::uint32_t CountCalls(HMODULE module, const std::string& function) {
  Faults& faults = TheFaults();
  const std::lock_guard<std::mutex> lock(faults.mutex);
  const auto found = faults.active.find({module, function});
  if (found == faults.active.end()) throw CallFailed("fault of " + function, ERROR_NOT_FOUND);
  return found->second->calls();
}

void ClearFaults() {
  Faults& faults = TheFaults();
  const std::lock_guard<std::mutex> lock(faults.mutex);
  RemoveInterceptions();
  faults.active.clear();
}

}  // namespace seam
