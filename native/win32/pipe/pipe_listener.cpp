#include <windows.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port/peer.h"
#include "win32/last_error.h"
#include "win32/pipe/event.h"
#include "win32/pipe/pipe_instance.h"
#include "win32/pipe/pipe_security.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"

namespace impersonate::port {
namespace {

using win32::PipeInstance;
using win32::PipeSecurity;
using win32::UniqueHandle;

// So many clients can come at a time before one of them finds the pipe busy.
constexpr std::size_t kWaiting = 8;

class Win32PipeListener final : public PipeListener {
 public:
  Win32PipeListener(const std::string& path, PipeSecurity security)
      : path_(win32::ToWide(path)), security_(std::move(security)), stop_(win32::NewEvent()) {
    // While one instance exists nobody else can make the first.
    waiting_.push_back(std::make_unique<PipeInstance>(path_, security_, true));
    while (waiting_.size() < kWaiting) Add();
  }

  std::optional<OwnedSocket> Accept() override {
    for (;;) {
      Refill();
      const std::size_t index = WaitForOne();
      if (index == waiting_.size()) return std::nullopt;
      // New ones go behind those that have waited longer, for the wait favours the first.
      const std::unique_ptr<PipeInstance> over = std::move(waiting_[index]);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
      if (UniqueHandle pipe = over->Take()) {
        return OwnedSocket(reinterpret_cast<NativeSocket>(pipe.release()));
      }
    }
  }

  void Stop() noexcept override { SetEvent(stop_.get()); }

 private:
  void Add() { waiting_.push_back(std::make_unique<PipeInstance>(path_, security_, false)); }

  // What cannot be made now is tried again at the next client, while there is one instance left for it.
  void Refill() {
    try {
      while (waiting_.size() < kWaiting) Add();
    } catch (const Error&) {
      if (waiting_.empty()) throw;
    }
  }

  // The index of an instance whose wait is over; their number once the listener is stopped.
  std::size_t WaitForOne() const {
    std::array<HANDLE, kWaiting + 1> events{stop_.get()};
    for (std::size_t i = 0; i < waiting_.size(); ++i) events[i + 1] = waiting_[i]->over();
    const auto count = static_cast<DWORD>(waiting_.size() + 1);
    const DWORD result = WaitForMultipleObjects(count, events.data(), FALSE, INFINITE);
    if (result == WAIT_FAILED) win32::ThrowLastError("WaitForMultipleObjects");
    return result == WAIT_OBJECT_0 ? waiting_.size() : result - WAIT_OBJECT_0 - 1;
  }

  std::wstring path_;
  PipeSecurity security_;
  UniqueHandle stop_;
  std::vector<std::unique_ptr<PipeInstance>> waiting_;
};

}  // namespace

std::unique_ptr<PipeListener> ListenOnPipe(const PipeOptions& options) {
  const win32::AsProcess as_process;
  PipeSecurity security = options.security_descriptor.empty()
                              ? PipeSecurity::Allowing(options.allow)
                              : PipeSecurity::Parse(options.security_descriptor);
  return std::make_unique<Win32PipeListener>(options.path, std::move(security));
}

}  // namespace impersonate::port
