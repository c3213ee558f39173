#pragma once

#include <memory>

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

// Acts as a token on a pool thread for one piece of native work, which must not outlive this object. Unlike a
// scope it reverts to the process identity, not to the thread's previous identity; a thread that has any
// other identity gets the process identity first. If the constructor throws, the thread has the process
// identity. The destructor aborts the process if that identity cannot be restored, or does not read back.
class PoolThreadImpersonation {
 public:
  explicit PoolThreadImpersonation(const Token& token);
  ~PoolThreadImpersonation();
  PoolThreadImpersonation(const PoolThreadImpersonation&) = delete;
  PoolThreadImpersonation& operator=(const PoolThreadImpersonation&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace impersonate::port
