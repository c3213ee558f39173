#include "core/port/thread.h"

#include <windows.h>

#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"
#include "win32/handle.h"
#include "win32/last_error.h"
#include "win32/thread/current_thread.h"
#include "win32/thread/impersonation.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::VerifyCurrentThread;
using win32::Win32Token;

struct ThreadEnd {
  void (*at_end)(void*);
  void* data;
};

void CALLBACK OnThreadEnd(void* value) {
  const std::unique_ptr<ThreadEnd> end(static_cast<ThreadEnd*>(value));
  if (end) end->at_end(end->data);
}

// A fiber-local slot, because it has a callback at the end of the thread; for a thread without fibers it is
// thread-local. Never freed, like the module.
DWORD Slot() {
  const DWORD slot = FlsAlloc(&OnThreadEnd);
  if (slot == FLS_OUT_OF_INDEXES) win32::ThrowLastError("FlsAlloc");
  return slot;
}

}  // namespace

// A new thread inherits no token, so there is nothing to revert.
void InitThread() {}

void AtThreadEnd(void (*at_end)(void* data), void* data) {
  static const DWORD slot = Slot();
  auto end = std::make_unique<ThreadEnd>(ThreadEnd{at_end, data});
  if (!FlsSetValue(slot, end.get())) win32::ThrowLastError("FlsSetValue");
  static_cast<void>(end.release());
}

struct Captured {
  win32::UniqueHandle
      token;  // the token that other code had put on the thread; null for none, the normal case

  HANDLE now(const Token* current) const noexcept {
    return current ? Win32Token::From(*current).handle() : token.get();
  }
};

void CapturedDelete::operator()(Captured* captured) const noexcept { delete captured; }

CapturedPtr NewCaptured() { return CapturedPtr(new Captured); }

void Capture(Captured& captured) { captured.token = win32::OpenCurrentThreadToken(TOKEN_IMPERSONATE); }

void Apply(Captured& captured, const Token* current, const Token& token) {
  const Win32Token& target = Win32Token::From(token);
  win32::SetCurrentThreadToken(target.handle());
  if (token.verified()) return;
  try {
    VerifyCurrentThread(target);
  } catch (...) {
    win32::RestoreCurrentThreadToken(captured.now(current),
                                     current ? Win32Token::From(*current).handle() : nullptr);
    throw;
  }
  token.MarkVerified();
}

void Restore(Captured& captured) noexcept {
  RestoreTemporarily(captured);
  Forget(captured);
}

void RestoreTemporarily(Captured& captured) noexcept {
  win32::RestoreCurrentThreadToken(captured.token.get());
}

void Forget(Captured& captured) noexcept { captured.token.reset(); }

std::thread StartThread(std::function<void()> run) {
  try {
    return std::thread(std::move(run));
  } catch (const std::system_error& error) {
    throw Error("EAGAIN", error.code().value(), "std::thread", "No thread can be started");
  }
}

struct UserThread::State {
  TokenRef token;
  win32::UniqueHandle thread;
};

UserThread::UserThread() noexcept : state_(new State) {
  const HANDLE process = GetCurrentProcess();
  HANDLE thread = nullptr;
  // Without a handle no call of the thread is cancelled.
  if (DuplicateHandle(process, GetCurrentThread(), process, &thread, THREAD_TERMINATE, FALSE, 0)) {
    state_->thread.reset(thread);
  }
}

UserThread::~UserThread() { Revert(); }

const Token* UserThread::token() const noexcept { return state_->token.get(); }

void UserThread::Become(const TokenRef& token) {
  State& now = *state_;
  if (now.token == token) return;
  const Win32Token& target = Win32Token::From(*token);
  try {
    win32::SetCurrentThreadToken(target.handle());
    if (!token->verified()) VerifyCurrentThread(target);
  } catch (...) {
    win32::RestoreCurrentThreadToken(nullptr);
    now.token = nullptr;
    throw;
  }
  token->MarkVerified();
  now.token = token;
}

void UserThread::Check() const noexcept {
  if (!state_->token || win32::IsOnCurrentThread(Win32Token::From(*state_->token).handle())) return;
  Abort("a thread that stayed a user has another token");
}

void UserThread::Revert() noexcept {
  if (!state_->token) return;
  win32::RestoreCurrentThreadToken(nullptr);
  state_->token = nullptr;
  try {
    if (!win32::OpenCurrentThreadToken(TOKEN_QUERY)) return;
  } catch (const Error& error) {
    // Access denied means that there is a token.
    if (error.number() != ERROR_ACCESS_DENIED) {
      Abort(std::string("the identity of a thread cannot be read after its jobs: ") + error.what());
    }
  }
  Abort("a thread still carries a user's token after it was removed");
}

void UserThread::CancelCall() const noexcept {
  if (state_->thread) CancelSynchronousIo(state_->thread.get());
}

}  // namespace impersonate::port
