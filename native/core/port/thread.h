#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "core/token.h"

// The calling thread and its identity. Every function throws `Error` unless it says otherwise.
namespace impersonate::port {

// Called by every thread that loads the addon, outside of every scope. A thread that was started with a
// user's identity gets the process identity. Throws if that fails; the addon then does not load on that
// thread.
void InitThread();

// Calls `at_end(data)` on the calling thread when that thread ends. At most once on a thread. This is not
// left to the destructor of a thread_local object: a DLL made by MinGW frees the storage of such objects
// before it destroys them.
void AtThreadEnd(void (*at_end)(void* data), void* data);

// The identity of a thread before its outermost scope. There is one object for each thread, which is reused
// for each outermost scope; each port defines the type.
struct Captured;
struct CapturedDelete {
  void operator()(Captured* captured) const noexcept;
};
using CapturedPtr = std::unique_ptr<Captured, CapturedDelete>;

CapturedPtr NewCaptured();

// Records the thread's identity, at the entry of an outermost scope.
void Capture(Captured& captured);
// Puts `token` on the thread; `current` is the token in effect, null for the captured identity. Reads the
// identity back if the token is not verified yet. When it throws, the thread is as it was.
void Apply(Captured& captured, const Token* current, const Token& token);
// Restores the captured identity and releases it. Aborts the process if that fails.
void Restore(Captured& captured) noexcept;
// Restores the captured identity for a baseline scope, and keeps it captured. Aborts the process if that
// fails.
void RestoreTemporarily(Captured& captured) noexcept;
// Releases the captured identity, if any, without changing the thread: for a failed outermost entry.
void Forget(Captured& captured) noexcept;

// Starts a thread, which handles no signals. Call it with the process identity, which the thread then has.
std::thread StartThread(std::function<void()> run);

// The identity of the calling thread, on which nothing but this package's jobs ever runs: it may stay a user
// from one job to the next. Used on that thread only, except for CancelCall().
class UserThread {
 public:
  // The thread has the process identity. Aborts the process if it cannot be given that.
  UserThread() noexcept;
  // Reverts.
  ~UserThread();
  UserThread(const UserThread&) = delete;
  UserThread& operator=(const UserThread&) = delete;

  // Null with the process identity.
  const Token* token() const noexcept;
  // Makes the thread the token's user, unless it is. If it throws, the thread has the process identity.
  void Become(const TokenRef& token);
  // Aborts the process if the thread is not the user that it became: for a thread that has been without work.
  void Check() const noexcept;
  // Restores the process identity, or aborts the process.
  void Revert() noexcept;
  // Asks the system to return from a call that blocks the thread, if it can (Windows). On any thread.
  void CancelCall() const noexcept;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace impersonate::port
